// Every row of the contract for The Auth API as data, and what rows cannot say: concurrency, raw bytes, the log.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ward, program, raw, slow } from '../support/ward.mjs';
import { fixtures, run } from './runner.mjs';
import authenticate from './theauthapi/authenticate.rows.mjs';
import keys from './theauthapi/keys.rows.mjs';
import management from './theauthapi/management.rows.mjs';

let ward;
let admin;

/** Make what no client of the surface can make: an operator without a role, and another tenant. */
async function prepare() {
    const cli = (...args) => JSON.parse(execFileSync(program, [...args, '--data', ward.data, '--output', 'json'], { encoding: 'utf8' }));
    const none = cli('credential', 'create', '--kind', 'access-key', '--role', 'none', '--name', 'none').value;
    const account = await ward.request('POST', '/accounts', { key: ward.credentials.accessKey, body: { name: 'foreign' } });
    assert.equal(account.status, 201, account.text);
    const control = join(ward.data, 'ward.sock');
    const project = await ward.request('POST', '/v1/projects', { socketPath: control, body: { name: 'foreign', accountId: account.body.id, env: 'live' } });
    assert.equal(project.status, 201, project.text);
    return { ...ward.credentials, none, foreignAccount: account.body.id, foreignProject: project.body.id };
}

before(async () => {
    ward = await Ward.start({ clock: true });
    admin = await prepare();
});
after(() => ward?.stop());

for (const [name, cases] of Object.entries({ keys, authenticate, management })) {
    describe(name, () => {
        for (const item of cases) {
            test(item.name, async () => run(ward, await fixtures(ward, admin), item));
        }
    });
}

const createKey = async (more = {}) => (await ward.request('POST', '/api-keys', { key: admin.accessKey, body: { name: 'n', projectId: admin.projectId, ...more } })).body;
const authenticateKey = (key) => ward.request('POST', `/api-keys/auth/${key}`, { key: admin.accessKey });

test('a limit is exact under concurrency [3.4 exact]', async () => {
    for (let round = 0; round < 5; round += 1) {
        const { key } = await createKey({ rateLimitConfigs: { rateLimit: 20, rateLimitTtl: 600 } });
        const answers = await Promise.all(Array.from({ length: 64 }, () => authenticateKey(key)));
        const count = (status) => answers.filter((a) => a.status === status).length;
        assert.deepEqual([count(200), count(429)], [20, 44]);
        assert.deepEqual(answers.map((a) => Number(a.headers['ratelimit-consumed'])).sort((a, b) => a - b), Array.from({ length: 64 }, (_, i) => i + 1));
    }
});

test('a disabled key is refused at the first verification that starts after the answer', async () => {
    const rounds = Math.ceil(10_000 / slow / slow);
    let started = 0;
    let refused = 0;
    const client = async () => {
        while (started < rounds) {
            started += 1;
            const { key } = await createKey();
            assert.equal((await authenticateKey(key)).status, 200);
            assert.equal((await ward.request('DELETE', `/api-keys/${key}`, { key: admin.accessKey })).status, 200);
            assert.equal((await authenticateKey(key)).status, 404);
            refused += 1;
        }
    };
    await Promise.all(Array.from({ length: 32 }, client));
    assert.equal(refused, rounds);
});

test('rotation is atomic: never both, never neither [2.7 201]', async () => {
    for (let round = 0; round < 20; round += 1) {
        const { key } = await createKey();
        const answers = await Promise.all(Array.from({ length: 4 }, () => ward.request('POST', `/api-keys/${key}/rotate`, { key: admin.accessKey })));
        assert.deepEqual(answers.map((a) => a.status).sort(), [201, 404, 404, 404]);
        const fresh = answers.find((a) => a.status === 201).body.key;
        assert.deepEqual([(await authenticateKey(key)).status, (await authenticateKey(fresh)).status], [404, 200]);
    }
});

test('concurrent creates of one value: one wins [2.2 409]', async () => {
    const value = `race-${process.hrtime.bigint()}`;
    const answers = await Promise.all(Array.from({ length: 16 }, () => ward.request('POST', '/api-keys', { key: admin.accessKey, body: { name: 'n', projectId: admin.projectId, key: value } })));
    assert.deepEqual(answers.map((a) => a.status).sort(), [201, ...Array(15).fill(409)]);
});

test('raw bytes in the target [4.3 raw bytes]', async () => {
    for (const target of ['/api-keys/auth/\u00e9', '/api-keys/auth/\u0080\u00ff', '/api-keys/\u0001', '/api-keys/a\u0000b', '/api-keys?name=\u00e9', '/\u00ff\u00fe']) {
        const answer = await raw(ward.port, Buffer.from(`GET ${target} HTTP/1.1\r\nHost: x\r\nx-api-key: ${admin.accessKey}\r\n\r\n`, 'latin1'));
        assert.match(answer.text, /^(HTTP\/1\.1 400 |$)/, JSON.stringify(target));
        assert.ok(answer.closed, JSON.stringify(target));
    }
    assert.equal((await ward.request('GET', '/healthz')).status, 200);
});

test('idle keep-alive connections stay for at least 65 s [4.4 5xx]', () => {
    const text = execFileSync(program, ['help', 'limits'], { encoding: 'utf8' });
    const row = text.split('\n').find((line) => line.includes('HTTP_IDLE_S'));
    assert.ok(Number(row.match(/\b(\d+)\b/)[1]) >= 65, row);
});

test('no secret in the log or in any file but sealed [1.5 log]', async () => {
    const marked = `marked-${process.hrtime.bigint()}`;
    await createKey({ key: marked, customUserId: 'visible' });
    await authenticateKey(marked);
    await ward.request('PATCH', `/api-keys/${marked}`, { key: admin.accessKey, body: { name: 'm' } });
    await ward.request('POST', `/api-keys/${marked}/nonsense`, { key: admin.accessKey });
    await ward.request('GET', `/api-keys/auth/${marked}%zz`, { key: admin.accessKey });
    const secrets = [marked, admin.accessKey, admin.personalAccessToken, admin.iam.secretKey];
    const log = ward.log.join('\n');
    for (const secret of secrets) {
        assert.ok(!log.includes(secret), 'a secret stands in the log');
        for (const file of readdirSync(ward.data, { recursive: true })) {
            if (!lstatSync(join(ward.data, file)).isFile()) continue;
            assert.ok(!readFileSync(join(ward.data, file)).includes(secret), `a secret stands in ${file}`);
        }
    }
    const metrics = await ward.request('GET', '/metrics', { key: admin.accessKey });
    assert.equal(metrics.status, 200);
    for (const secret of secrets) assert.ok(!metrics.text.includes(secret));
});

test('first credentials are printed once and never again [7 bootstrap]', () => {
    const first = admin;
    assert.match(first.accessKey, /^live_access_[A-Za-z0-9]{64}$/);
    assert.deepEqual(Object.keys(ward.credentials), ['accountId', 'tenantId', 'projectId', 'project', 'environment', 'accessKey', 'personalAccessToken', 'iam']);
    assert.equal(first.tenantId, first.accountId.replaceAll('-', ''));
    assert.throws(() => execFileSync(program, ['init', '--data', ward.data, '--output', 'json'], { stdio: ['ignore', 'pipe', 'pipe'] }), (error) => error.status !== 0 && !String(error.stdout).includes('live_access_'));
});
