// APIOps as its real clients use it: the curl lines of the founding documents, the client collection of contracts/apinizer.md 13,
// the openssl command line, and the jose library on both sides. And what rows of data cannot say: faults, the log, many at once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { Faults } from '../support/faults.mjs';
import { Ward, makeDirectory } from '../support/ward.mjs';
import { BASE, call, errorText, everything, fixtures } from './apinizer_runner.mjs';
import { ec, rsa, rsa2, secret } from './apinizer/materials.mjs';

const jose = await import(pathToFileURL(createRequire(new URL('../sdk/package.json', import.meta.url)).resolve('jose')));

let ward;
before(async () => { ward = await Ward.start({ clock: true, args: ['--fetch-allow', '127.0.0.1'] }); });
after(() => ward?.stop());

const b64 = (bytes) => Buffer.from(bytes).toString('base64');
const entry = (environmentName, content, more = {}) => ({ environmentName, content, ...more });
const keyBody = (name, content, keyType = 'PRIVATE_KEY', environments = ['production']) => ({ name, keyType, cryptoKeyInfoEnvironmentList: environments.map((e) => entry(e, content)) });

/** A tenant and short ways to ask for it. */
async function scene(on = ward) {
    const setup = await fixtures(on);
    const ask = (method, path, body, { as = 'admin', form } = {}) => call(on, setup.tokens[as], method, path, { body, form });
    const done = async (...args) => {
        const answer = await ask(...args);
        assert.equal(answer.status, 200, `${args[0]} ${args[1]}: ${answer.text}`);
        return answer.body;
    };
    const control = (method, path, body) => on.request(method, path, { socketPath: join(on.data, 'ward.sock'), body });
    const set = async (environment = 'production', project = setup.projectId) => (await on.request('GET', `/v1/projects/${project}/environments/${environment}/jwks.json`)).body;
    const use = (name, what, body, environment = 'production') => on.request('POST', `/v1/projects/${setup.projectId}/environments/${environment}/keys/${encodeURIComponent(name)}/${what}`, { headers: { authorization: `Bearer ${setup.tokens.admin}` }, body });
    return { ...setup, setup, ask, done, control, set, use };
}

const openssl = (args, input) => execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] });

// ---- curl

/** The lines of the two documents, with their host and token; run in this order. */
const founding = [
    `curl -X PATCH \\
"https://demo.apinizer.com/apiops/projects/MyProject/apiProxies/MyAPI/settings/keys/" \\
-H "Authorization: Bearer YOUR_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"publicKey": "ak_1234567890abcdef",
"secretKey": "sk_9876543210fedcba"
}'`,
    `curl -X PATCH \\
"https://demo.apinizer.com/apiops/projects/MyProject/apiProxies/MyAPI/settings/keys/" \\
-H "Authorization: Bearer YOUR_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"publicKey": "ak_new_public_key_12345"
}'`,
    `curl -X PATCH \\
"https://demo.apinizer.com/apiops/projects/MyProject/apiProxies/MyAPI/settings/keys/" \\
-H "Authorization: Bearer YOUR_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"secretKey": "sk_new_secret_key_67890"
}'`,
    `curl -X PUT \\
"https://demo.apinizer.com/apiops/projects/MyProject/keys/my-key/?jwkUpdateAction=UPDATE&updateScope=SAME_PROJECT" \\
-H "Authorization: Bearer YOUR_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"name": "updated-key",
"description": "Updated key description",
"keyType": "PRIVATE_KEY",
"cryptoKeyInfoEnvironmentList": [
{
"environmentName": "production",
"content": "base64-encoded-updated-key-content",
"alias": "updated-alias"
}
]
}'`,
    `curl -X PUT \\
"https://demo.apinizer.com/apiops/projects/MyProject/keys/my-key/?jwkUpdateAction=NULLIFY" \\
-H "Authorization: Bearer YOUR_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"description": "Updated description only",
"cryptoKeyInfoEnvironmentList": [
{
"environmentName": "production",
"content": "base64-encoded-updated-key-content",
"alias": "updated-alias"
}
]
}'`,
    `curl -X PUT \\
"https://demo.apinizer.com/apiops/projects/MyProject/keys/my-key/" \\
-H "Authorization: Bearer YOUR_TOKEN" \\
-H "Content-Type: application/json" \\
-d '{
"name": "new-key-name"
}'`,
];

test('the curl lines of the founding documents, host and token aside [13 curl, 11.1 success, 6.4 rename]', async () => {
    const { tokens, done } = await scene();
    const run = (line) => execFileSync('bash', ['-c', line.replace('https://demo.apinizer.com', ward.url).replace('YOUR_TOKEN', tokens.admin).replace('curl ', "curl -sS -w ' %{http_code}' ")], { encoding: 'utf8', env: { ...process.env, NO_PROXY: '*' } });
    await done('POST', '/projects/MyProject/apiProxies/url/', { apiProxyName: 'MyAPI', apiProxyCreationType: 'REVERSE_PROXY' });
    for (const line of founding.slice(0, 3)) assert.equal(run(line), '{"success":true} 200');
    const deployed = '{"success":true,"deploymentResult":{"success":true,"message":"Deployment completed successfully","environmentResults":[{"environmentName":"production","success":true,"message":"Deployed successfully"}]}} 200';
    for (const line of founding.slice(3)) {
        await done('POST', '/projects/MyProject/keys/', keyBody('my-key', rsa.pkcs8Base64));
        assert.equal(run(line), deployed);
        for (const name of ['my-key', 'updated-key', 'new-key-name']) await call(ward, tokens.admin, 'DELETE', `/projects/MyProject/keys/${name}/`);
    }
    assert.equal(run(founding[0].replace('YOUR_TOKEN', 'nobody')), '{"error":"unauthorized_client","error_description":"Invalid token"} 401');
    assert.equal(run(founding[0].replace('MyAPI', 'Other')), '{"error":"not_found","error_description":"ApiProxy (name: Other) was not found!"} 404');
    assert.equal(run(`${founding[1].split('-d')[0]} -d '{}'`), '{"error":"bad_request","error_description":"At least one key (publicKey or secretKey) must be provided"} 400');
});

test('what scripts do: 200 means it exists, curl -sf lists, an id of a collection is no id [13 scripts, 13 tools]', async () => {
    const { tokens, p, done } = await scene();
    const curl = (...args) => execFileSync('curl', ['--noproxy', '*', '-H', `Authorization: Bearer ${tokens.admin}`, ...args], { encoding: 'utf8' });
    const exists = () => curl('-s', '-o', '/dev/null', '-w', '%{http_code}', `${ward.url}${BASE}${p}/apiProxies/petstore-api/`);
    assert.notEqual(exists(), '200');
    const metadata = JSON.stringify({ apiProxyName: 'petstore-api', apiProxyCreationType: 'REVERSE_PROXY', reParse: false, deploy: false, routingInfo: { routingAddressList: [{ address: 'http://x', weight: 1 }] } });
    assert.equal(curl('-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'POST', '-H', 'Content-Type: application/json', '-d', metadata, `${ward.url}${BASE}${p}/apiProxies/url/`), '200');
    assert.equal(exists(), '200');
    assert.equal(curl('-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'POST', `${ward.url}${BASE}${p}/apiProxies/petstore-api/environments/production/`), '200');
    assert.deepEqual(JSON.parse(curl('-sf', `${ward.url}${BASE}${p}/apiProxies/`)).resultList.map((row) => row.name), ['petstore-api']);
    assert.equal(curl('-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Authorization;', `${ward.url}${BASE}${p}/keys/`), '200'); // an empty row of the same name
    await done('DELETE', `${p}/apiProxies/petstore-api/`);
});

test('the client collection: create, list, get, update of each kind, deletes last, names free again [13 tools, 13 order, 13 deploy false, 6.3 get]', async () => {
    const { p, done, tokens } = await scene();
    const crlf = (body) => Buffer.from(JSON.stringify(body, null, 4).replaceAll('\n', '\r\n'));
    const send = async (method, path, body) => {
        const answer = await call(ward, tokens.admin, method, path, { headers: { 'content-type': 'application/json', 'user-agent': 'insomnia/12.5.0' }, body: body && crlf(body) });
        assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
        return answer.body;
    };
    const spaced = rsa.pkcs8.split('\n').filter((line) => line && !line.startsWith('-')).join(' ');
    for (let round = 0; round < 2; round += 1) {
        const key = 'My Management API Key', path = encodeURIComponent(key);
        await send('POST', `${p}/keys/`, { name: key, description: 'd', keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', content: spaced, alias: 'my-key-alias' }] });
        await send('GET', `${p}/keys/`);
        const got = await send('GET', `${p}/keys/${path}/`);
        assert.equal(got.resultList[0].name, key);
        assert.equal(got.resultList[0].keyType, 'PRIVATE_KEY');
        assert.ok(Array.isArray(got.resultList[0].cryptoKeyInfoEnvironmentList) && got.resultList[0].cryptoKeyInfoEnvironmentList.length === 1);
        assert.deepEqual([got.status, got.resultCount], ['SUCCESS', 1]);
        await send('PUT', `${p}/keys/${path}/?jwkUpdateAction=NULLIFY&updateScope=SAME_PROJECT`, { name: key, description: 'new', keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', content: spaced, alias: 'my-key-alias' }] });
        const set = JSON.stringify({ keys: [{ ...ec.jwk, kid: 'a' }, { ...rsa.jwk, kid: 'b', use: 'sig', alg: 'RS256' }] });
        await send('POST', `${p}/jwks/`, { name: 'jwk', sourceType: 'COPY_PASTE', jwkStr: set, kid: 'b' });
        await send('POST', `${p}/jwks/parse-from-clipboard`, { name: 'clip', sourceType: 'COPY_PASTE', jwkStr: set, kid: 'a' });
        await send('POST', `${p}/jwks/parse-from-key`, { name: 'parsed', keyName: key, environmentName: 'production', useType: 'SIGNATURE', algorithm: 'RS256' });
        await send('POST', `${p}/jwks/generate`, { name: 'made', type: 'EC', ec: { curveType: 'P256', keyUseType: 'SIGNATURE', algorithm: 'ES256', keyIdType: 'TIMESTAMP' } });
        await send('PUT', `${p}/jwks/jwk/`, { name: 'jwk', description: 'new', sourceType: 'COPY_PASTE', jwkStr: set, kid: 'b' });
        await send('POST', `${p}/apiProxies/url/`, { apiProxyName: 'MyAPI', apiProxyCreationType: 'EMPTY_API', deploy: false, deployTargetEnvironmentNameList: [] });
        await send('PATCH', `${p}/apiProxies/MyAPI/settings/keys/`, { publicKey: 'ak_1234567890abcdef', secretKey: 'sk_9876543210fedcba' });
        await send('PATCH', `${p}/apiProxies/MyAPI/settings/metadata/`, { description: 'd', deploy: false, deployTargetEnvironmentNameList: [] });
        for (const name of ['jwk', 'clip', 'parsed', 'made']) await send('DELETE', `${p}/jwks/${name}/`);
        await send('DELETE', `${p}/keys/${path}/`);
        await send('DELETE', `${p}/apiProxies/MyAPI/`);
    }
    assert.equal((await done('GET', `${p}/keys/`)).resultCount, 0);
});

// ---- openssl

describe('keys that the openssl command line makes', () => {
    const kinds = [
        ['RSA 2048', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], 'RS256', ['-sha256']], ['RSA 3072', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'], 'RS512', ['-sha512']],
        ['P-256', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'ES256', ['-sha256']], ['P-384', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'ES384', ['-sha384']], ['P-521', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'], 'ES512', ['-sha512']],
        ['secp256k1', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], 'ES256K', ['-sha256']], ['Ed25519', ['genpkey', '-algorithm', 'ED25519'], 'EdDSA', null],
    ];
    for (const [name, make, algorithm, digest] of kinds) {
        test(`${name}: in as PEM, as DER and as a certificate; what Ward signs openssl verifies, and the reverse [10 pem, 10 der, 10 labels, 9.3 use]`, async () => {
            const { p, done, ask, use } = await scene();
            const directory = makeDirectory();
            const file = (file_, bytes) => { writeFileSync(join(directory, file_), bytes, { mode: 0o600 }); return join(directory, file_); };
            const pem = openssl(make), keyFile = file('key.pem', pem);
            const publicFile = file('pub.pem', openssl(['pkey', '-in', keyFile, '-pubout']));
            const certificate = openssl(['req', '-x509', '-new', '-key', keyFile, '-subj', '/CN=ward', '-days', '1']);
            await done('POST', `${p}/keys/`, keyBody('private', b64(pem)));
            await done('POST', `${p}/keys/`, keyBody('der', b64(openssl(['pkey', '-in', keyFile, '-outform', 'DER']))));
            await done('POST', `${p}/keys/`, keyBody('public', readFileSync(publicFile, 'utf8'), 'PUBLIC_KEY'));
            await done('POST', `${p}/keys/`, keyBody('certificate', b64(certificate), 'PUBLIC_KEY'));
            if (digest) await done('POST', `${p}/keys/`, keyBody('traditional', b64(openssl(['pkey', '-in', keyFile, '-traditional']))));
            const data = Buffer.from('what is signed'), dataFile = file('data', data);
            for (const key of ['private', 'der', ...(digest ? ['traditional'] : [])]) {
                const signed = await use(key, 'sign', { algorithm, data: b64(data) });
                assert.equal(signed.status, 200, signed.text);
                for (const verifier of ['public', 'certificate', key]) assert.deepEqual((await use(verifier, 'verify', { algorithm, data: b64(data), signature: signed.body.signature })).body, { valid: true });
                if (algorithm.startsWith('RS')) {
                    const said = openssl(['dgst', ...digest, '-verify', publicFile, '-signature', file('signature', Buffer.from(signed.body.signature, 'base64')), dataFile]).toString();
                    assert.match(said, /Verified OK/);
                    assert.deepEqual((await use('certificate', 'verify', { algorithm, data: b64(data), signature: b64(openssl(['dgst', ...digest, '-sign', keyFile, dataFile])) })).body, { valid: true });
                }
            }
            const refused = await ask('POST', `${p}/keys/`, keyBody('encrypted', b64(openssl(['pkcs8', '-topk8', '-in', keyFile, '-passout', 'pass:x', '-v2', 'aes-256-cbc']))));
            assert.equal(refused.text, errorText(400, 'Key content for environment (production) is refused: The private key is encrypted with a passphrase; send it decrypted'));
            const half = await ask('POST', `${p}/keys/`, keyBody('half', b64(certificate)));
            assert.equal(half.text, errorText(400, 'Key content for environment (production) is refused: The content is a public key or certificate where a private key is expected'));
            rmSync(directory, { recursive: true });
        });
    }
});

// ---- jose

describe('jose', () => {
    const algorithms = [['RS256', 'RSA'], ['PS384', 'RSA'], ['ES256', 'EC'], ['ES384', 'EC'], ['ES512', 'EC'], ['EdDSA', 'OKP']];
    for (const [algorithm] of algorithms) {
        test(`${algorithm}: keys of jose go in, tokens that jose signs Ward verifies, what Ward signs jose verifies by the published set [9.3 jwks.json, 8.2 kid, 8.1 copy paste]`, async () => {
            const { p, done, set, use, projectId, accessKey } = await scene();
            const { privateKey, publicKey } = await jose.generateKeyPair(algorithm, { extractable: true, crv: 'Ed25519' });
            const jwk = { ...await jose.exportJWK(privateKey), kid: 'mine', alg: algorithm, use: 'sig' };
            await done('POST', `${p}/jwks/`, { name: 'pasted', sourceType: 'COPY_PASTE', jwkStr: JSON.stringify({ keys: [jwk] }), kid: 'mine' });
            await done('POST', `${p}/keys/`, keyBody('pem', b64(await jose.exportPKCS8(privateKey))));
            await done('POST', `${p}/jwks/parse-from-key`, { name: 'parsed', keyName: 'pem', environmentName: 'production', useType: 'SIGNATURE', algorithm });
            const published = await set('test');
            const thumbprint = await jose.calculateJwkThumbprint(await jose.exportJWK(publicKey), 'sha256');
            assert.deepEqual(published.keys.map((k) => k.kid).sort(), ['mine', thumbprint].sort());
            for (const key of published.keys) assert.equal(await jose.calculateJwkThumbprint(key, 'sha256'), thumbprint);

            const token = await new jose.SignJWT({ role: 'x' }).setProtectedHeader({ alg: algorithm, kid: 'mine' }).setSubject('me').setExpirationTime('1m').sign(privateKey);
            const ask = (value) => ward.request('GET', '/v1/authorize', { headers: { 'ward-access-key': accessKey, authorization: `Bearer ${value}`, 'ward-project': projectId, 'ward-environment': 'production' } });
            const good = await ask(token);
            assert.equal(good.status, 200, JSON.stringify(good.headers));
            const [head, body, signature] = token.split('.');
            for (const bad of [`${head}.${body}.${signature.slice(0, -4)}AAAA`, `${head}.${Buffer.from('{"sub":"you","exp":99999999999}').toString('base64url')}.${signature}`]) assert.equal((await ask(bad)).status, 401);

            const input = `${Buffer.from(JSON.stringify({ alg: algorithm, kid: thumbprint })).toString('base64url')}.${Buffer.from(JSON.stringify({ sub: 'ward', exp: Math.floor(Date.now() / 1000) + 60 })).toString('base64url')}`;
            const signed = await use('parsed', 'sign', { data: b64(input) });
            assert.equal(signed.status, 200, signed.text);
            const url = new URL(`${ward.url}/v1/projects/${projectId}/environments/production/jwks.json`);
            const verified = await jose.jwtVerify(`${input}.${Buffer.from(signed.body.signature, 'base64').toString('base64url')}`, jose.createRemoteJWKSet(url));
            assert.equal(verified.payload.sub, 'ward');
        });
    }

    test('an exported JWK is jose\'s key again, and one that Ward generated too [8.5 export, 8.3 generate, 6.7 round trip]', async () => {
        const { p, done } = await scene();
        for (const [type, parameters, algorithm] of [['RSA', { keySize: 2048, algorithm: 'RSA256' }, 'RS256'], ['EC', { curveType: 'P521', algorithm: 'ES512' }, 'ES512'], ['OKP', { curveType: 'ED25519', algorithm: 'EdDSA' }, 'EdDSA'], ['OCT', { keySize: 256, algorithm: 'HS256' }, 'HS256']]) {
            await done('POST', `${p}/jwks/generate`, { name: type, type, [type.toLowerCase()]: parameters });
            const [jwk] = (await done('GET', `${p}/jwks/${type}/export-file/`)).keys;
            const key = await jose.importJWK(jwk, algorithm);
            const signed = await new jose.CompactSign(Buffer.from('x')).setProtectedHeader({ alg: algorithm, kid: jwk.kid }).sign(key);
            const publicJwk = type === 'OCT' ? jwk : (await done('GET', `${p}/jwks/${type}/export-file/?publicOnly=true`)).keys[0];
            assert.ok(type === 'OCT' || publicJwk.d === undefined);
            assert.equal(Buffer.from((await jose.compactVerify(signed, await jose.importJWK(publicJwk, algorithm))).payload).toString(), 'x');
            const again = await call(ward, (await scene()).tokens.admin, 'POST', '/projects/MyProject/jwks/import-file/', { form: { jwkName: type, kid: jwk.kid, jwkFile: { content: JSON.stringify({ keys: [jwk] }) } } });
            assert.equal(again.text, '{"status":"SUCCESS"}');
        }
    });

    test('a proxy\'s pair gets a token that jose verifies [9.4 token]', async () => {
        const { p, done, projectId } = await scene();
        await done('POST', `${p}/jwks/generate`, { name: 'signer', type: 'EC', ec: { curveType: 'P256', algorithm: 'ES256' } });
        await done('POST', `${p}/apiProxies/url/`, { apiProxyName: 'MyAPI', apiProxyCreationType: 'EMPTY_API', deploy: true, deployTargetEnvironmentNameList: ['production'] });
        await done('PATCH', `${p}/apiProxies/MyAPI/settings/keys/`, { publicKey: 'ak_jose', secretKey: 'sk_jose' });
        for (const [path, headers, body] of [['/auth/token', {}, 'grant_type=client_credentials&client_id=ak_jose&client_secret=sk_jose'], ['/auth/jwt', { authorization: `Basic ${b64('ak_jose:sk_jose')}` }, 'grant_type=client_credentials']]) {
            const answer = await ward.request('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body });
            assert.equal(answer.status, 200, answer.text);
            const verified = await jose.jwtVerify(answer.body.access_token, jose.createRemoteJWKSet(new URL(`${ward.url}/v1/projects/${projectId}/environments/production/jwks.json`)));
            assert.ok(verified.payload.exp > Date.now() / 1000, JSON.stringify(verified.payload));
        }
    });
});

// ---- the source URL

test('a JWK from a URL, under its limits [8.1 url, 8.2 parse-from]', async () => {
    const { p, done, ask } = await scene();
    let seen = 0;
    const keys = http.createServer((request, reply) => {
        seen += 1;
        if (request.url === '/redirect') { reply.writeHead(302, { location: '/jwks' }).end(); return; }
        if (request.url === '/large') { reply.end(' '.repeat(2_000_000)); return; }
        if (request.url === '/slow') return;
        if (request.url === '/404') { reply.writeHead(404).end('{}'); return; }
        if (request.url === '/html') { reply.end('<html>'); return; }
        reply.end(JSON.stringify({ keys: [{ ...rsa.publicJwk, kid: 'one' }, { ...ec.publicJwk, kid: 'two' }] }));
    });
    await new Promise((resolve) => keys.listen(0, '127.0.0.1', resolve));
    try {
        const url = (path) => `http://127.0.0.1:${keys.address().port}${path}`;
        await done('POST', `${p}/jwks/`, { name: 'one', sourceType: 'URL', url: url('/jwks'), kid: 'one' });
        await done('POST', `${p}/jwks/parse-from-url`, { name: 'two', url: url('/jwks'), kid: 'two' });
        const one = (await done('GET', `${p}/jwks/one`)).resultList[0];
        assert.deepEqual([one.sourceType, one.sourceUrl, one.kid, one.rsa.n], ['URL', url('/jwks'), 'one', rsa.jwk.n]);
        for (const [path, more] of [['/redirect'], ['/large'], ['/slow', { urlOptionReadTimeout: 300 }], ['/404'], ['/html'], ['/jwks', { kid: undefined }], ['/jwks', { kid: 'none' }], ['/jwks', { urlOptionSizeLimit: 10 }]]) {
            const answer = await ask('POST', `${p}/jwks/`, { name: 'n', sourceType: 'URL', url: url(path), kid: 'one', ...more });
            assert.equal(answer.status, 400, answer.text);
            assert.match(answer.body.error_description, /^(JWK can not be read from the URL|JWK is refused): /);
        }
        const before = seen, other = await Ward.start();
        try {
            const elsewhere = await call(other, other.credentials.personalAccessToken, 'POST', '/projects/default/jwks/', { body: { name: 'n', sourceType: 'URL', url: url('/jwks'), kid: 'one' } });
            assert.equal(elsewhere.status, 400, elsewhere.text);
            assert.equal(seen, before);
        } finally { await other.stop(); }
    } finally {
        keys.closeAllConnections();
        keys.close();
    }
});

// ---- across projects

test('ALL_PROJECTS: JWKs of other projects follow, with rights in each of them, or nothing changes [7 all projects, 7 out of scope, 6.4 atomic]', async () => {
    const { p, q, accountId, done, ask, control, setup } = await scene();
    const made = await control('POST', '/v1/projects', { name: 'admin', accountId, env: 'live' });
    const only = (await control('POST', '/v1/credentials', { kind: 'token', role: 'admin', name: 't', accountId, projectId: made.body.id })).body.value;
    const jwk = async (project, name) => (await done('GET', `${project}/jwks/${name}`)).resultList[0];
    const use = (name) => ({ name, sourceType: 'PRIVATE_KEY', keyName: 'shared', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'RS256' });
    const body = (material) => ({ cryptoKeyInfoEnvironmentList: [entry('production', material.pkcs8)] });
    await done('POST', '/projects/admin/keys/', keyBody('shared', rsa.pkcs8));
    for (const [project, name] of [['/projects/admin', 'here'], [p, 'mine'], [q, 'theirs']]) await done('POST', `${project}/jwks/`, use(name));
    const beforehand = await everything(ward, setup);
    const refused = await call(ward, only, 'PUT', '/projects/admin/keys/shared?jwkUpdateAction=UPDATE&updateScope=ALL_PROJECTS', { body: body(rsa2) });
    assert.equal(refused.text, errorText(403, 'User does not have required permission for this operation!'));
    assert.equal(await everything(ward, setup), beforehand);
    assert.equal((await jwk('/projects/admin', 'here')).rsa.n, rsa.jwk.n);
    await done('PUT', '/projects/admin/keys/shared?jwkUpdateAction=UPDATE&updateScope=ALL_PROJECTS', body(rsa2));
    for (const [project, name] of [['/projects/admin', 'here'], [p, 'mine'], [q, 'theirs']]) {
        const { rsa: material, sourceId } = await jwk(project, name);
        assert.deepEqual([material.n, typeof sourceId], [rsa2.jwk.n, 'string']);
    }
    await done('PUT', '/projects/admin/keys/shared?jwkUpdateAction=UPDATE', body(rsa));
    assert.deepEqual([(await jwk('/projects/admin', 'here')).rsa.n, (await jwk(p, 'mine')).rsa.n], [rsa.jwk.n, rsa2.jwk.n]);
    assert.deepEqual([(await jwk(p, 'mine')).sourceId, (await jwk(q, 'theirs')).sourceId], [null, null]);
    assert.equal((await ask('POST', `${p}/jwks/`, { ...use('no'), keyName: 'none' })).status, 400);
});

// ---- deployments that fail

test('a deployment that fails: 200, stored, the body names the replica and why [4.1 failure]', async () => {
    for (const profile of ['seed', 'current']) {
        const own = await Ward.start({ args: ['--surface-apinizer', profile] });
        try {
            const socketPath = join(own.data, 'ward.sock'), gone = join(own.root, 'gone');
            const made = await own.request('POST', '/v1/environments', { socketPath, body: { name: 'broken', type: 'TEST', replicas: [{ name: 'embedded' }, { name: 'gateway-1', directory: gone }] } });
            assert.equal(made.status, 201, made.text);
            const token = own.credentials.personalAccessToken;
            const answer = await call(own, token, 'POST', '/projects/default/keys/', { body: { ...keyBody('k', secret(), 'SECRET_KEY', ['production', 'broken']), algorithm: 'AES' } });
            assert.equal(answer.status, 200, answer.text);
            const { deploymentResult } = answer.body;
            assert.equal(deploymentResult.success, false);
            if (profile === 'seed') {
                assert.equal(answer.body.success, true);
                assert.equal(deploymentResult.message, 'Deployment failed');
                assert.deepEqual(deploymentResult.environmentResults.map((e) => [e.environmentName, e.success]), [['production', true], ['broken', false]]);
                assert.match(deploymentResult.environmentResults[1].message, /^replica gateway-1: ./);
            } else {
                assert.equal(answer.body.status, 'SUCCESS');
                assert.match(answer.body.resultMessage, /^Key was saved successfully but deployment to environments failed\. Details: broken: replica gateway-1: ./);
                assert.deepEqual(deploymentResult.detailList.map((e) => [e.envName, e.podName, e.success]), [['production', 'embedded', true], ['broken', 'embedded', true], ['broken', 'gateway-1', false]]);
            }
            assert.equal((await call(own, token, 'GET', '/projects/default/keys/k')).status, 200);
        } finally { await own.stop(); }
    }
});

test('a store that cannot write: 500 and its text, nothing is changed [4.3 500]', async () => {
    const faults = new Faults(join(makeDirectory(), 'faults'));
    const own = await Ward.start({ faults });
    try {
        const { p, done, ask } = await scene(own);
        await done('POST', `${p}/keys/`, keyBody('k', rsa.pkcs8));
        await done('POST', `${p}/jwks/`, { name: 'j', sourceType: 'PRIVATE_KEY', keyName: 'k', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'RS256' });
        await done('POST', `${p}/apiProxies/url/`, { apiProxyName: 'MyAPI', apiProxyCreationType: 'EMPTY_API' });
        await done('PATCH', `${p}/apiProxies/MyAPI/settings/keys/`, { publicKey: 'a', secretKey: 'b' });
        const state = async () => JSON.stringify([await done('GET', `${p}/keys/`), await done('GET', `${p}/jwks/j`, undefined, { as: 'viewer' }), await done('GET', `${p}/apiProxies/MyAPI/`)]); // what is private is not shown without its audit record
        const beforehand = await state();
        faults.failNth('logSync', 1, { count: 1e9 });
        for (const [method, path, body] of [['POST', '/keys/', keyBody('n', rsa.pkcs8)], ['PUT', '/keys/k?jwkUpdateAction=UPDATE', { cryptoKeyInfoEnvironmentList: [entry('production', rsa2.pkcs8)] }], ['DELETE', '/keys/k?jwkDeleteAction=DELETE'], ['POST', '/jwks/generate', { name: 'n', type: 'EC', ec: { curveType: 'P256' } }], ['PUT', '/jwks/j', { description: 'd' }], ['DELETE', '/jwks/j'], ['PATCH', '/apiProxies/MyAPI/settings/keys/', { publicKey: 'c' }], ['DELETE', '/apiProxies/MyAPI/']]) {
            const answer = await ask(method, p + path, body);
            assert.equal(answer.text, errorText(500, 'An unexpected error occurred'), `${method} ${path}`);
            assert.equal(answer.status, 500);
        }
        faults.lift();
        assert.equal(await state(), beforehand);
    } finally { await own.kill('SIGTERM'); }
});

test('concurrent updates: one whole request wins, and what is deployed is what is stored [6.4 concurrent]', async () => {
    const { p, done, use, ask } = await scene();
    await done('POST', `${p}/keys/`, keyBody('k', secret(), 'SECRET_KEY', ['production', 'test']));
    const values = Array.from({ length: 12 }, () => secret());
    const answers = await Promise.all(values.map((value, i) => ask('PUT', `${p}/keys/k`, { description: `d${i}`, cryptoKeyInfoEnvironmentList: [entry('production', value, { alias: `a${i}` }), entry('test', value)] })));
    assert.deepEqual(answers.map((a) => a.status), Array(12).fill(200), answers.map((a) => a.text).join());
    const [key] = (await done('GET', `${p}/keys/k`)).resultList;
    const winner = Number(key.description.slice(1));
    assert.equal(key.cryptoKeyInfoEnvironmentList[0].alias, `a${winner}`);
    for (const environment of ['production', 'test']) {
        assert.equal((await ask('GET', `${p}/keys/k/export-file/?environmentName=${environment}`)).text, values[winner]);
        const signed = (await use('k', 'sign', { algorithm: 'HS256', data: b64('x') }, environment)).body.signature;
        const wanted = openssl(['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${Buffer.from(values[winner], 'base64').toString('hex')}`, '-binary'], 'x');
        assert.equal(signed, b64(wanted));
    }
});

// ---- files

test('an exported archive comes in again, byte for byte; other programs read and write it; what is nobody\'s is named [6.7 round trip, 6.6 import, 6.6 unresolved]', async () => {
    const { p, q, done, ask, tokens } = await scene();
    await done('POST', `${p}/keys/`, { name: 'sign/key', keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: [entry('production', rsa.pkcs8), entry('test', rsa2.pkcs8)] });
    const raw = async (path) => Buffer.from(await (await fetch(`${ward.url}${BASE}${path}`, { headers: { authorization: `Bearer ${tokens.admin}` } })).arrayBuffer());
    const zip = await raw(`${p}/keys/sign%2Fkey/export-file/`);
    const directory = makeDirectory();
    writeFileSync(join(directory, 'in.zip'), zip);
    const python = (script) => execFileSync('python3', ['-c', script], { cwd: directory, encoding: 'utf8' });
    assert.deepEqual(JSON.parse(python("import zipfile,json;z=zipfile.ZipFile('in.zip');assert z.testzip() is None;print(json.dumps({n:z.read(n).decode() for n in z.namelist()}))")), { 'sign_key-production.pem': rsa.pkcs8, 'sign_key-test.pem': rsa2.pkcs8 });
    const send = (content, more = {}) => ask('POST', `${q}/keys/import-file/`, undefined, { form: { keyName: 'sign/key', keyType: 'PRIVATE_KEY', keyFile: { file: 'k.zip', content }, ...more } });
    assert.equal((await send(zip)).text, '{"status":"SUCCESS"}');
    for (const [environment, pem] of [['production', rsa.pkcs8], ['test', rsa2.pkcs8]]) assert.equal((await ask('GET', `${q}/keys/sign%2Fkey/export-file/?environmentName=${environment}`)).text, pem);
    assert.ok(zip.equals(await raw(`${q}/keys/sign%2Fkey/export-file/`)));

    python("import zipfile;i=zipfile.ZipFile('in.zip');z=zipfile.ZipFile('deflated.zip','w',zipfile.ZIP_DEFLATED);z.writestr('keys/','');z.writestr('keys/sign_key-uat.pem',i.read('sign_key-test.pem'));z.writestr('sign_key-staging.pem',i.read('sign_key-test.pem'));z.writestr('README.txt','x'*5000);z.comment=b'made elsewhere';z.close()");
    const merged = await send(readFileSync(join(directory, 'deflated.zip')), { override: 'true' });
    assert.deepEqual(merged.body, { status: 'SUCCESS', unresolvedReferences: ['README.txt', 'staging'] });
    assert.deepEqual((await done('GET', `${q}/keys/sign%2Fkey`)).resultList[0].cryptoKeyInfoEnvironmentList.map((e) => e.environmentName), ['production', 'test', 'uat']);
    const mapped = await send(readFileSync(join(directory, 'deflated.zip')), { override: 'true', environmentMapping: '{"staging":"closed","uat":""}' });
    assert.deepEqual(mapped.body, { status: 'SUCCESS', unresolvedReferences: ['README.txt'] });
    assert.equal((await ask('GET', `${q}/keys/sign%2Fkey/export-file/?environmentName=closed`)).text, rsa2.pkcs8);
    for (const [content, why] of [[zip.subarray(0, zip.length - 10), 'the archive is cut off'], [Buffer.concat([zip.subarray(0, 60), Buffer.from([zip[60] ^ 1]), zip.subarray(61)]), 'a file of the archive is damaged'], [Buffer.from('PK\x05\x06'.padEnd(22, '\0')), null]]) {
        const answer = await send(content, { override: 'true' });
        assert.equal(answer.status, 400, answer.text);
        if (why) assert.equal(answer.body.error_description, `keyFile can not be read: ${why}!`);
    }
    assert.equal((await send(zip, { override: 'true', environmentMapping: '[]' })).body.error_description, 'environmentMapping must be a JSON object!');
    assert.ok(statSync(join(directory, 'deflated.zip')).size < zip.length + 10_000);
    rmSync(directory, { recursive: true });
});

// ---- tokens

test('tokens end: at their date, when they are revoked, and with their pair [2 expiry, 2 revoked, 2.1 rights, 2.2 401]', async () => {
    const { accountId, control, p, clientId, clientSecret } = await scene();
    const statusOf = async (token) => (await call(ward, token, 'GET', `${p}/keys/`)).status;
    const make = async (more) => (await control('POST', '/v1/credentials', { kind: 'token', role: 'admin', name: 't', accountId, ...more })).body;
    const short = await make({ expiresAt: new Date(ward.now() + 10_000).toISOString() }), long = await make({ expiresAt: null });
    assert.deepEqual([await statusOf(short.value), await statusOf(long.value)], [200, 200]);
    const issue = async () => (await ward.request('POST', `${BASE}/auth/token`, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}` })).body.access_token;
    const issued = await issue();
    assert.equal(await statusOf(issued), 200);
    ward.moveClock(10_000);
    const expired = await call(ward, short.value, 'GET', `${p}/keys/`);
    assert.deepEqual([expired.status, expired.text], [401, errorText(401, 'Invalid token')]);
    assert.equal(await statusOf(long.value), 200);
    for (let round = 0; round < 5; round += 1) {
        const token = await make();
        assert.equal(await statusOf(token.value), 200);
        assert.ok((await control('DELETE', `/v1/credentials/${token.id}`)).status < 300);
        assert.equal(await statusOf(token.value), 401);
    }
    const pair = (await control('GET', '/v1/credentials')).body.find((row) => row.publicId === clientId);
    assert.ok((await control('DELETE', `/v1/credentials/${pair.id}`)).status < 300);
    assert.deepEqual([await statusOf(issued), await issue()], [401, undefined]);
});

test('a token\'s own limit: 429, and what it says [2 bearer]', async () => {
    const { accountId, control, p } = await scene();
    const token = (await control('POST', '/v1/credentials', { kind: 'token', role: 'admin', name: 't', accountId, rateLimit: { limit: 2, ttl: 60 } })).body.value;
    const ask = () => call(ward, token, 'GET', `${p}/keys/`);
    assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
    const refused = await ask();
    assert.equal(refused.status, 429);
    assert.equal(refused.body.error, 'rate_limit_exceeded');
    assert.equal(String(refused.body.retry_after), refused.headers['retry-after']);
    ward.moveClock(60_000);
    assert.equal((await ask()).status, 200);
});

// ---- secrets, switches, docs

test('no secret in the log or in any file but sealed [12 logs, 12 at rest, 2 hashed]', async () => {
    const { p, done, ask, tokens, clientSecret, clientId } = await scene();
    const content = secret(), pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    await done('POST', `${p}/keys/`, keyBody('s', content, 'SECRET_KEY'));
    await done('POST', `${p}/keys/`, keyBody('k', pem));
    await done('POST', `${p}/jwks/`, { name: 'j', sourceType: 'PRIVATE_KEY', keyName: 'k', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'RS256' });
    const { d } = (await done('GET', `${p}/jwks/j`)).resultList[0].rsa;
    await done('POST', `${p}/apiProxies/url/`, { apiProxyName: 'MyAPI', apiProxyCreationType: 'EMPTY_API' });
    const secretKey = `sk_${secret()}`;
    await done('PATCH', `${p}/apiProxies/MyAPI/settings/keys/`, { publicKey: 'ak', secretKey });
    await ask('PATCH', `${p}/apiProxies/MyAPI/settings/keys/`, { publicKey: ' ', secretKey });
    await ask('POST', `${p}/keys/`, keyBody('s', content, 'NOTHING'));
    await ask('GET', `${p}/keys/${encodeURIComponent(content)}/`);
    await call(ward, `${tokens.admin}x`, 'GET', `${p}/keys/`);
    const issued = (await ward.request('POST', `${BASE}/auth/token`, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}` })).body.access_token;
    const secrets = { content, bytes: Buffer.from(content, 'base64').toString('latin1'), pem: pem.split('\n')[5], d: d.slice(0, 60), secretKey, issued, clientSecret, ...tokens };
    const log = ward.log.join('\n');
    const walk = (directory) => readdirSync(directory, { withFileTypes: true }).flatMap((item) => (item.isDirectory() ? walk(join(directory, item.name)) : item.isFile() ? [join(directory, item.name)] : []));
    for (const [name, value] of Object.entries(secrets)) {
        if (name !== 'content') assert.ok(!log.includes(value), `${name} stands in the log`);
        for (const file of walk(ward.data)) assert.ok(!readFileSync(file, 'latin1').includes(value), `${name} stands in ${file}`);
    }
});

test('switched off, the surface is not there [4.5 off]', async () => {
    const own = await Ward.start({ args: ['--surface-apinizer', 'off'] });
    try {
        assert.equal((await own.request('GET', '/apiops/test/healthcheck')).text, '{"statusCode":404,"message":"Cannot GET /apiops/test/healthcheck","error":"Not Found"}');
    } finally { await own.stop(); }
});

test('the try-out of docs/surfaces/apinizer.md can be pasted', async () => {
    const own = await Ward.start();
    try {
        const text = readFileSync(new URL('../../docs/surfaces/apinizer.md', import.meta.url), 'utf8');
        const script = text.split('```sh\n')[1].split('```')[0];
        const out = execFileSync('bash', ['-euo', 'pipefail'], { input: script, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, NO_PROXY: '*', WARD_URL: own.url, TOKEN: own.credentials.personalAccessToken, ACCESS_KEY: own.credentials.accessKey } });
        assert.ok(!out.includes('"error"') && !out.includes('FAILURE'), out);
        assert.match(out, /Verified OK/);
        assert.match(out, /^ward-verdict: valid\r?$/m);
    } finally { await own.stop(); }
});

