// Every row of the contract for NCP's API Gateway as data, and what rows cannot say: concurrency, a full disk, the log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Faults } from '../support/faults.mjs';
import { send, sign, signed } from '../support/ncp_sign.mjs';
import { Ward, makeDirectory } from '../support/ward.mjs';
import { BASE, errorText, everything, fixtures, run, signedCall } from './ncp_runner.mjs';
import gateway from './ncp/gateway.rows.mjs';
import keys from './ncp/keys.rows.mjs';
import signature from './ncp/signature.rows.mjs';

let ward;
before(async () => { ward = await Ward.start({ clock: true }); });
after(() => ward?.stop());

for (const [name, cases] of Object.entries({ signature, keys, gateway })) {
    describe(name, () => {
        for (const item of cases) test(item.name, async () => run(ward, await fixtures(ward), item));
    });
}

test('the client makes the contract\'s vectors [3.1 vectors]', () => {
    const iam = { accessKey: 'AKTESTNCPAPIGW000001', secretKey: 'SKTEST0123456789abcdefghijABCDEFGHIJ1234' };
    for (const [call, signature] of [
        ['PUT /api/v1/api-keys/k3y1d0vg07', 'qt9GvaWUN/l6Ua7nG6kuPwD/sZ5+VxcDAEIwqTUDBsk='], ['POST /api/v1/api-keys', 'xvVy4b8PrN7qDbOI09WchO0rK8LZPoOquXrarKD/F+Q='], ['GET /api/v1/api-keys', 'cprgK0kgVkfpH4a10OnX1foHO81yzCQkl21CVgKafdA='],
        ['GET /api/v1/api-keys?offset=0&limit=20&apiKeyName=demo', 'T+Qy2MybRYJIZt4dtx4niPLGL/rg7K7Ftp4BwFHzGnw='], ['GET /api/v1/api-keys?apiKeyName=%ED%82%A4%20a%2Bb', 'PytKgNUQGxNR+pL7vWAMe7gYMIAzpmMM7GAUtn4poME='],
        ['GET /api/v1/api-keys/k3y1d0vg07', 'eWejfQrI/3ZmT7bdQvzRR4lFWY5yTwe6q34jtXhSU7A='], ['PATCH /api/v1/api-keys/k3y1d0vg07', '+O11YDMaFpQuts+K5B7SpSTx6svbYbhfNSWYFqYTXtk='], ['DELETE /api/v1/api-keys/k3y1d0vg07', 'i9dHZOUvWkiji8r6PMeFibCzStP2Symfy7LS9MYs86A='],
        ['GET /photos/puppy.jpg?query1=&query2', '2he99/ZddtxaWJ56na/LUeW3VMQ56KNb8HbOr+Ojm4A='],
    ]) assert.equal(sign(iam, ...call.split(' '), '1717400000000'), signature, call);
});

test('a call may be repeated within the window [3 replay]', async () => {
    const setup = await fixtures(ward);
    const headers = signed(setup.iam.admin, 'GET', `${BASE}/api-keys`, ward.now());
    for (let i = 0; i < 3; i += 1) assert.equal((await send(ward.url, 'GET', `${BASE}/api-keys`, { headers })).status, 200);
    ward.moveClock(301_000);
    assert.equal((await send(ward.url, 'GET', `${BASE}/api-keys`, { headers })).text, errorText(200, 'Invalid authentication information.'));
});

test('a deleted pair signs nothing any more, a new one does at once [4.3 wrong]', async () => {
    const setup = await fixtures(ward);
    const socketPath = join(ward.data, 'ward.sock');
    for (let round = 0; round < 5; round += 1) {
        const made = await ward.request('POST', '/v1/credentials', { socketPath, body: { kind: 'iam', role: 'admin', name: 'n', accountId: setup.accountId } });
        const iam = { accessKey: made.body.publicId, secretKey: made.body.value };
        assert.equal((await signedCall(ward, iam, 'GET', `${BASE}/api-keys`)).status, 200);
        assert.equal((await ward.request('DELETE', `/v1/credentials/${made.body.id}`, { socketPath })).status < 300, true);
        assert.equal((await signedCall(ward, iam, 'GET', `${BASE}/api-keys`)).text, errorText(200, 'Invalid authentication information.'));
    }
});

test('a pair\'s own limit: 429/420 past it, until its window ends [4.2 codes]', async () => {
    const setup = await fixtures(ward);
    const socketPath = join(ward.data, 'ward.sock');
    const made = await ward.request('POST', '/v1/credentials', { socketPath, body: { kind: 'iam', role: 'admin', name: 'n', accountId: setup.accountId, rateLimit: { limit: 2, ttl: 60 } } });
    const iam = { accessKey: made.body.publicId, secretKey: made.body.value };
    const statusOf = async (target = `${BASE}/api-keys`) => (await signedCall(ward, iam, 'GET', target)).status;
    const wrong = await signedCall(ward, { ...iam, secretKey: setup.iam.admin.secretKey }, 'GET', `${BASE}/api-keys`);
    assert.equal(wrong.status, 401); // not counted
    assert.deepEqual([await statusOf(), await statusOf(`${BASE}/nowhere`)], [200, 404]);
    const refused = await signedCall(ward, iam, 'GET', `${BASE}/api-keys`);
    assert.deepEqual([refused.status, refused.body.error.errorCode, refused.body.error.message], [429, '420', 'Rate Limited']);
    assert.equal((await signedCall(ward, setup.iam.admin, 'GET', `${BASE}/api-keys`)).status, 200);
    ward.moveClock(60_000);
    assert.equal(await statusOf(), 200);
});

test('concurrent regenerations: one value at the end, none of the others [5.5 regenerate]', async () => {
    const setup = await fixtures(ward);
    const target = `${BASE}/api-keys`;
    const { apiKey } = (await signedCall(ward, setup.iam.admin, 'POST', target, { body: '{"apiKeyName":"n"}' })).body;
    const path = `${target}/${apiKey.apiKeyId}`;
    const headers = { ...signed(setup.iam.admin, 'PATCH', path, ward.now()), 'content-type': 'application/json' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => ward.request('PATCH', path, { headers, body: { keyType: 'PRIMARY' } })));
    assert.deepEqual(answers.map((a) => a.status), Array(8).fill(200));
    const last = (await signedCall(ward, setup.iam.admin, 'GET', path)).body.primaryKey;
    const values = answers.map((a) => a.body.apiKey.primaryKey);
    assert.equal(new Set([...values, apiKey.primaryKey]).size, 9);
    for (const value of [apiKey.primaryKey, ...values]) {
        const status = (await ward.request('POST', `/api-keys/auth/${value}`, { key: setup.accessKey })).status;
        assert.equal(status, value === last ? 200 : 404);
    }
});

test('the v1 name and the domain code are switches [3 v1, 2 domainCode]', async () => {
    const own = await Ward.start({ args: ['--ncp-signature-v1', 'on', '--ncp-domain-code', 'GOV'] });
    try {
        const setup = await fixtures(own);
        const { 'x-ncp-apigw-signature-v2': value, ...rest } = signed(setup.iam.admin, 'POST', `${BASE}/api-keys`, own.now());
        const answer = await send(own.url, 'POST', `${BASE}/api-keys`, { headers: { ...rest, 'x-ncp-apigw-signature-v1': value }, body: '{"apiKeyName":"n"}' });
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.body.apiKey.domainCode, 'GOV');
        assert.equal((await signedCall(own, setup.iam.admin, 'GET', `${BASE}/api-keys`)).status, 200);
    } finally { await own.stop(); }
});

test('switched off, the surface is not there', async () => {
    const own = await Ward.start({ args: ['--surface-ncp', 'off'] });
    try {
        const iam = own.credentials.iam;
        assert.equal((await signedCall(own, iam, 'GET', `${BASE}/api-keys`)).text, '{"statusCode":404,"message":"Cannot GET /api/v1/api-keys","error":"Not Found"}');
    } finally { await own.stop(); }
});

test('the pair that ward init prints signs [3 headers]', async () => {
    const answer = await signedCall(ward, ward.credentials.iam, 'POST', `${BASE}/api-keys`, { body: '{"apiKeyName":"first"}' });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.apiKey.tenantId, ward.credentials.tenantId);
});

test('a store that cannot write answers 500/900 and changes nothing [4.4 storage, 4.4 nothing changed]', async () => {
    const faults = new Faults(join(makeDirectory(), 'faults'));
    const own = await Ward.start({ faults });
    try {
        const setup = await fixtures(own);
        const first = await signedCall(own, setup.iam.admin, 'POST', `${BASE}/api-keys`, { body: '{"apiKeyName":"n"}' });
        const path = `${BASE}/api-keys/${first.body.apiKey.apiKeyId}`;
        const beforehand = await everything(own, setup);
        faults.failNth('logSync', 1, { count: 1e9 });
        for (const [method, target, body] of [['POST', `${BASE}/api-keys`, '{"apiKeyName":"m"}'], ['PUT', path, '{"apiKeyName":"m","isEnabled":false}'], ['PATCH', path, '{"keyType":"PRIMARY"}'], ['DELETE', path, undefined],
            ['POST', `${BASE}/products`, '{"productName":"p","subscriptionCode":"PUBLIC"}'], ['POST', `${BASE}/usage-plans`, '{"usagePlanName":"u"}']]) {
            const answer = await signedCall(own, setup.iam.admin, method, target, { body });
            assert.equal(answer.status, 500, `${method} ${answer.text}`);
            assert.equal(answer.text, errorText(900, 'The request could not be processed; nothing was changed.'));
        }
        faults.lift();
        assert.equal(await everything(own, setup), beforehand);
        assert.equal((await own.request('POST', `/api-keys/auth/${first.body.apiKey.primaryKey}`, { key: setup.accessKey })).status, 200);
    } finally { await own.kill('SIGTERM'); }
});

test('no secret in the log or in any file but sealed', async () => {
    const setup = await fixtures(ward);
    const { apiKey } = (await signedCall(ward, setup.iam.admin, 'POST', `${BASE}/api-keys`, { body: '{"apiKeyName":"n"}' })).body;
    const product = (await signedCall(ward, setup.iam.admin, 'POST', `${BASE}/products`, { body: '{"productName":"p","subscriptionCode":"PUBLIC"}' })).body.product.productId;
    await signedCall(ward, setup.iam.admin, 'POST', `${BASE}/products/${product}/api-keys/search`, { body: JSON.stringify({ apiKeyValue: apiKey.secondaryKey }) });
    await signedCall(ward, setup.iam.admin, 'GET', `${BASE}/api-keys/${apiKey.primaryKey}`);
    await signedCall(ward, setup.iam.admin, 'GET', `${BASE}/api-keys?apiKeyName=${setup.iam.admin.secretKey}`);
    const secrets = [apiKey.primaryKey, apiKey.secondaryKey, ...Object.values(setup.iam).map((iam) => iam.secretKey)];
    const log = ward.log.join('\n');
    for (const secret of secrets) {
        assert.ok(!log.includes(secret), 'a secret stands in the log');
        for (const file of readdirSync(ward.data, { recursive: true })) {
            if (!lstatSync(join(ward.data, file)).isFile()) continue;
            assert.ok(!readFileSync(join(ward.data, file)).includes(secret), `a secret stands in ${file}`);
        }
    }
});

test('the try-out of docs/surfaces/ncp.md can be pasted', async () => {
    const own = await Ward.start();
    try {
        const text = readFileSync(new URL('../../docs/surfaces/ncp.md', import.meta.url), 'utf8');
        const script = text.split('```sh\n')[1].split('```')[0];
        const { accessKey, secretKey } = own.credentials.iam;
        const out = execFileSync('bash', ['-euo', 'pipefail'], { input: script, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, NO_PROXY: '*', NCP_URL: own.url, NCP_ACCESS_KEY: accessKey, NCP_SECRET_KEY: secretKey } });
        assert.ok(!out.includes('"error"'), out);
        const last = JSON.parse(out.trim().split('\n').at(-1));
        assert.deepEqual(last.apiKeyRelations.content.map((row) => [row.apiKeyName, row.usagePlanName, row.dayCallCount]), [['demo', 'small', 0]]);
    } finally { await own.stop(); }
});
