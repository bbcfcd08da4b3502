// What is deployed, as others use it: the published JWK Sets, and signing, verifying, encrypting and decrypting with a
// key that never leaves. Checked against node's own cryptography, both ways.
import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHash, createHmac, createPublicKey, constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ward, slow } from '../support/ward.mjs';

const HELLO = Buffer.from('what is signed');
const b64 = (bytes) => Buffer.from(bytes).toString('base64');
const b64u = (bytes) => Buffer.from(bytes).toString('base64url');

let ward, bearer, control, project, set;
before(async () => {
    ward = await Ward.start({ clock: true, args: ['--verify-listen', '127.0.0.1:0', '--access-log', 'off'] });
    bearer = { authorization: `Bearer ${ward.credentials.personalAccessToken}` };
    control = join(ward.data, 'ward.sock');
    project = ward.credentials.projectId;
    set = '/v1/projects/default/environments/production/jwks.json';
});
after(() => ward?.stop());

const apiops = (method, path, body, headers = bearer) => ward.request(method, `/apiops/projects/default${path}`, { headers, body });
const ok = (answer) => { assert.equal(answer.status, 200, answer.text); assert.equal(answer.body.deploymentResult?.success ?? true, true, answer.text); return answer; };
const pem = (key) => key.export(key.type === 'private' ? { type: 'pkcs8', format: 'pem' } : { type: 'spki', format: 'pem' });

async function createKey(name, keyType, content, more = {}) {
    return ok(await apiops('POST', '/keys/', { name, keyType, ...more, cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', content: b64(content) }] }));
}

const pasteJwk = async (name, jwk) => ok(await apiops('POST', '/jwks/', { name, sourceType: 'COPY_PASTE', jwkStr: JSON.stringify(jwk), kid: jwk.kid }));
const use = (name, what, body, more = { headers: bearer }) => ward.request('POST', `/v1/projects/default/environments/production/keys/${encodeURIComponent(name)}/${what}`, { body, ...more });

async function readSet(path = set, options = {}) {
    const answer = await ward.request('GET', path, options);
    assert.equal(answer.status, 200, answer.text);
    return answer;
}

const problem = (answer, status, code, detail) => {
    assert.deepEqual([answer.status, answer.body?.type], [status, `urn:ward:problem:${code}`], answer.text);
    if (detail) assert.equal(answer.body.detail, detail);
};

describe('JWK Sets', () => {
    const jwkOf = (pair, kid, more = {}) => ({ ...pair.privateKey.export({ format: 'jwk' }), kid, use: 'sig', ...more });

    test('hold public parts only, by name, for anybody', async () => {
        const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }), rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
        await pasteJwk('set-b', jwkOf(ec, 'kid-b', { alg: 'ES256' }));
        await pasteJwk('set-a', jwkOf(rsa, 'kid-a', { alg: 'PS256' }));
        await pasteJwk('set-oct', { kty: 'oct', k: b64u(randomBytes(32)), kid: 'kid-oct', use: 'sig', alg: 'HS256' });
        const answer = await readSet();
        assert.equal(answer.headers['content-type'], 'application/jwk-set+json');
        assert.equal(answer.headers['cache-control'], 'public, max-age=60');
        assert.equal(answer.headers.etag, `"${createHash('sha256').update(answer.text).digest('hex')}"`);
        const named = answer.body.keys.filter((key) => key.kid.startsWith('kid-'));
        assert.deepEqual(named.map((key) => key.kid), ['kid-a', 'kid-b']);
        assert.deepEqual(named[1], { kty: 'EC', kid: 'kid-b', use: 'sig', alg: 'ES256', crv: 'P-256', ...(({ x, y }) => ({ x, y }))(ec.publicKey.export({ format: 'jwk' })) });
        for (const key of answer.body.keys) for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(secret in key, false);
        for (const key of answer.body.keys) createPublicKey({ key, format: 'jwk' });
    });

    test('are found by ids and names, on every door', async () => {
        const environments = (await ward.request('GET', '/apiops/environments/', { headers: bearer })).body.resultList;
        const id = environments.find((environment) => environment.name === 'production').id;
        const { text } = await readSet();
        for (const path of [`/v1/projects/${project}/environments/production/jwks.json`, `/v1/projects/${project}/environments/${id}/jwks.json`, `/v1/projects/default/environments/${id}/jwks.json`]) {
            assert.equal((await readSet(path)).text, text, path);
        }
        assert.equal((await readSet(set, { port: ward.verifyPort })).text, text);
        assert.equal((await readSet(set, { socketPath: control })).text, text);
    });

    test('answer 304 to who has it, and HEAD', async () => {
        const { headers: { etag }, text } = await readSet();
        for (const value of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
            const answer = await ward.request('GET', set, { headers: { 'if-none-match': value } });
            assert.deepEqual([answer.status, answer.text, answer.headers.etag], [304, '', etag], value);
        }
        assert.equal((await ward.request('GET', set, { headers: { 'if-none-match': '"other"' } })).text, text);
        const head = await ward.request('HEAD', set);
        assert.deepEqual([head.status, head.text, head.headers.etag, head.headers['content-length']], [200, '', etag, String(Buffer.byteLength(text))]);
        await pasteJwk('set-etag', jwkOf(generateKeyPairSync('ed25519'), 'kid-etag', { alg: 'EdDSA' }));
        assert.equal((await ward.request('GET', set, { headers: { 'if-none-match': etag } })).status, 200);
    });

    test('say what there is not', async () => {
        problem(await ward.request('GET', '/v1/projects/other/environments/production/jwks.json'), 404, 'not_found', 'there is no such project');
        problem(await ward.request('GET', `/v1/projects/${ward.credentials.accountId}/environments/production/jwks.json`), 404, 'not_found', 'there is no such project');
        problem(await ward.request('GET', '/v1/projects/default/environments/other/jwks.json'), 404, 'not_found', 'the project has no such environment');
        assert.equal((await ward.request('POST', set)).status, 404);
    });

    test('a name that two projects have tells nothing; their ids do', async () => {
        const made = [];
        for (const name of ['one', 'two']) {
            const account = await ward.request('POST', '/accounts', { key: ward.credentials.accessKey, body: { name } });
            if (account.status === 201) made.push(account.body.id);
        }
        if (made.length < 2) return; // accounts are made by who may
        const projects = [];
        for (const accountId of made) projects.push((await ward.request('POST', '/v1/projects', { socketPath: control, body: { name: 'twice', accountId, env: 'live' } })).body);
        problem(await ward.request('GET', '/v1/projects/twice/environments/production/jwks.json'), 404, 'not_found', 'there is no such project');
        for (const { id } of projects) assert.equal((await readSet(`/v1/projects/${id}/environments/production/jwks.json`)).text, '{"keys":[]}');
    });

    test('leave out what has expired, at its moment', async () => {
        const expirationTime = new Date(ward.now() + 3600_000).toISOString();
        ok(await apiops('POST', '/jwks/generate', { name: 'set-ends', type: 'EC', kid: 'kid-ends', ec: { curveType: 'P256', algorithm: 'ES256', expirationTime } }));
        const has = async () => (await readSet()).body.keys.some((key) => key.kid === 'kid-ends');
        assert.equal(await has(), true);
        ward.moveClock(3599_000 - 60_000);
        assert.equal(await has(), true);
        ward.moveClock(62_000);
        assert.equal(await has(), false);
        problem(await use('set-ends', 'sign', { data: b64(HELLO) }), 409, 'expired');
        ward.moveClock(-3601_000);
    });
});

describe('signatures', () => {
    const pairs = {
        RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
        'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
        'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
        'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
        Ed25519: () => generateKeyPairSync('ed25519'),
    };
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    const raw = { dsaEncoding: 'ieee-p1363' };
    const rows = [
        ['RS256', 'RSA', 'sha256', {}], ['RS384', 'RSA', 'sha384', {}], ['RS512', 'RSA', 'sha512', {}],
        ['PS256', 'RSA', 'sha256', pss], ['PS384', 'RSA', 'sha384', pss], ['PS512', 'RSA', 'sha512', pss],
        ['ES256', 'P-256', 'sha256', raw], ['ES384', 'P-384', 'sha384', raw], ['ES512', 'P-521', 'sha512', raw],
        ['EdDSA', 'Ed25519', null, {}],
    ];
    for (const [algorithm, type, hash, options] of rows) {
        test(`${algorithm}: Ward signs, node verifies, and the reverse`, async () => {
            const { privateKey, publicKey } = pairs[type]();
            await createKey(`private-${algorithm}`, 'PRIVATE_KEY', pem(privateKey));
            await createKey(`public-${algorithm}`, 'PUBLIC_KEY', pem(publicKey));
            await pasteJwk(`jwk-${algorithm}`, { ...privateKey.export({ format: 'jwk' }), kid: `kid-${algorithm}`, use: 'sig', alg: algorithm });
            for (const [name, body] of [[`private-${algorithm}`, { algorithm }], [`jwk-${algorithm}`, {}], [`jwk-${algorithm}`, { algorithm }]]) {
                const signed = await use(name, 'sign', { data: b64(HELLO), ...body });
                assert.equal(signed.status, 200, signed.text);
                assert.equal(verify(hash, HELLO, { key: publicKey, ...options }, Buffer.from(signed.body.signature, 'base64')), true, name);
            }
            const signature = sign(hash, HELLO, { key: privateKey, ...options });
            for (const name of [`private-${algorithm}`, `public-${algorithm}`, `jwk-${algorithm}`]) {
                assert.deepEqual((await use(name, 'verify', { algorithm, data: b64(HELLO), signature: b64(signature) })).body, { valid: true }, name);
                assert.deepEqual((await use(name, 'verify', { algorithm, data: b64('another text'), signature: b64(signature) })).body, { valid: false }, name);
                assert.deepEqual((await use(name, 'verify', { algorithm, data: b64(HELLO), signature: '' })).body, { valid: false }, name);
            }
            problem(await use(`public-${algorithm}`, 'sign', { algorithm, data: b64(HELLO) }), 409, 'no_such_half');
        });
    }

    for (const [algorithm, hash, bytes] of [['HS256', 'sha256', 32], ['HS384', 'sha384', 48], ['HS512', 'sha512', 64]]) {
        test(`${algorithm}: the same bytes as node's HMAC`, async () => {
            const secret = randomBytes(bytes);
            await createKey(`secret-${algorithm}`, 'SECRET_KEY', secret);
            await pasteJwk(`jwk-${algorithm}`, { kty: 'oct', k: b64u(secret), kid: `kid-${algorithm}`, use: 'sig', alg: algorithm });
            const expected = createHmac(hash, secret).update(HELLO).digest();
            for (const name of [`secret-${algorithm}`, `jwk-${algorithm}`]) {
                assert.equal((await use(name, 'sign', { algorithm, data: b64(HELLO) })).body.signature, b64(expected));
                assert.equal((await use(name, 'sign', { algorithm, data: HELLO.toString('hex'), encoding: 'HEXADECIMAL' })).body.signature, expected.toString('hex'));
                assert.deepEqual((await use(name, 'verify', { algorithm, data: HELLO.toString('hex'), signature: expected.toString('hex'), encoding: 'HEXADECIMAL' })).body, { valid: true });
            }
        });
    }

    test('a key of a cipher signs nothing, a JWK only by its algorithm and for its use', async () => {
        await createKey('aes', 'SECRET_KEY', randomBytes(32), { algorithm: 'AES' });
        problem(await use('aes', 'sign', { algorithm: 'HS256', data: b64(HELLO) }), 409, 'wrong_use', 'the key is for another algorithm');
        problem(await use('jwk-RS256', 'sign', { algorithm: 'PS256', data: b64(HELLO) }), 400, 'other_algorithm');
        problem(await use('jwk-RS256', 'encrypt', { algorithm: 'RSA-OAEP-256', data: b64(HELLO) }), 409, 'wrong_use');
        problem(await use('private-RS256', 'sign', { data: b64(HELLO) }), 400, 'algorithm_required');
        for (const algorithm of ['none', 'rs256', 'RSA-OAEP', '']) problem(await use('private-RS256', 'sign', { algorithm, data: b64(HELLO) }), 400, 'unknown_algorithm');
        assert.equal((await use('private-RS256', 'sign', { algorithm: 'ES256', data: b64(HELLO) })).status, 400);
        assert.equal((await use('secret-HS256', 'sign', { algorithm: 'HS512', data: b64(HELLO) })).status, 400); // too short for it
    });
});

describe('ciphers', () => {
    const secrets = { AES: randomBytes(32), DESede: randomBytes(24) };
    const ciphers = [['AES/CBC/PKCS5Padding', 'aes-256-cbc', 'AES', 16], ['AES/ECB/PKCS5Padding', 'aes-256-ecb', 'AES', 0], ['DESede/CBC/PKCS5Padding', 'des-ede3-cbc', 'DESede', 8], ['DESede/ECB/PKCS5Padding', 'des-ede3-ecb', 'DESede', 0]];
    before(async () => { for (const [algorithm, secret] of Object.entries(secrets)) await createKey(`cipher-${algorithm}`, 'SECRET_KEY', secret, { algorithm }); });

    for (const [algorithm, name, key, ivBytes] of ciphers) {
        test(`${algorithm}: Ward encrypts, node decrypts, and the reverse`, async () => {
            const iv = ivBytes ? randomBytes(ivBytes) : null;
            const cipher = createCipheriv(name, secrets[key], iv);
            const data = Buffer.concat([cipher.update(HELLO), cipher.final()]);
            const sent = iv ? { iv: b64(iv) } : {};
            assert.equal((await use(`cipher-${key}`, 'encrypt', { algorithm, data: b64(HELLO), ...sent })).body.data, b64(data));
            assert.equal((await use(`cipher-${key}`, 'decrypt', { algorithm, data: b64(data), ...sent })).body.data, b64(HELLO));
            const drawn = Buffer.from((await use(`cipher-${key}`, 'encrypt', { algorithm, data: HELLO.toString('hex'), encoding: 'HEXADECIMAL' })).body.data, 'hex');
            const decipher = createDecipheriv(name, secrets[key], iv ? drawn.subarray(0, ivBytes) : null);
            assert.deepEqual(Buffer.concat([decipher.update(drawn.subarray(ivBytes)), decipher.final()]), HELLO);
        });
    }

    test('RSA: PKCS1 and OAEP', async () => {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        await createKey('rsa-private', 'PRIVATE_KEY', pem(privateKey));
        await createKey('rsa-public', 'PUBLIC_KEY', pem(publicKey));
        await pasteJwk('rsa-jwk', { ...privateKey.export({ format: 'jwk' }), kid: 'rsa', use: 'enc', alg: 'RSA-OAEP-256' });
        const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
        const { body: { data } } = await use('rsa-public', 'encrypt', { algorithm: 'RSA-OAEP-256', data: b64(HELLO) });
        assert.deepEqual(privateDecrypt({ key: privateKey, ...oaep }, Buffer.from(data, 'base64')), HELLO);
        const sealed = b64(publicEncrypt({ key: publicKey, ...oaep }, HELLO));
        for (const [name, body] of [['rsa-private', { algorithm: 'RSA-OAEP-256' }], ['rsa-jwk', {}]]) {
            assert.equal((await use(name, 'decrypt', { data: sealed, ...body })).body.data, b64(HELLO), name);
        }
        problem(await use('rsa-public', 'decrypt', { algorithm: 'RSA-OAEP-256', data: sealed }), 409, 'no_such_half');
        problem(await use('rsa-jwk', 'sign', { algorithm: 'RS256', data: b64(HELLO) }), 409, 'wrong_use', 'the JWK is for another use');
        problem(await use('rsa-jwk', 'decrypt', { algorithm: 'RSA1_5', data: sealed }), 400, 'other_algorithm');
    });

    test('a key serves its own cipher, data must fit', async () => {
        problem(await use('cipher-AES', 'encrypt', { algorithm: 'DESede/CBC/PKCS5Padding', data: b64(HELLO) }), 409, 'wrong_use');
        problem(await use('cipher-AES', 'encrypt', { algorithm: 'AES/GCM/NoPadding', data: b64(HELLO) }), 400, 'unknown_algorithm');
        assert.equal((await use('cipher-AES', 'encrypt', { algorithm: 'AES/CBC/NoPadding', data: b64(HELLO) })).status, 400);
        assert.equal((await use('cipher-AES', 'encrypt', { algorithm: 'AES/CBC/PKCS5Padding', data: b64(HELLO), iv: b64('short') })).status, 400);
        assert.equal((await use('cipher-AES', 'decrypt', { algorithm: 'AES/CBC/PKCS5Padding', data: b64('x'.repeat(33)) })).status, 400);
    });
});

describe('who may, and with what', () => {
    const credential = async (kind, role, more = {}) => {
        const made = await ward.request('POST', '/v1/credentials', { socketPath: control, body: { kind, role, name: `${kind} ${role}`, accountId: ward.credentials.accountId, ...more } });
        assert.ok(made.status < 300, made.text);
        return { ...made.body, shown: kind === 'access-key' ? { 'x-api-key': made.body.value } : { authorization: `Bearer ${made.body.value}` } };
    };
    const body = { algorithm: 'HS256', data: b64(HELLO) };
    before(async () => { await createKey('rights', 'SECRET_KEY', randomBytes(32)); });

    test('operators by access key, token or control socket; viewers may not', async () => {
        assert.equal((await use('rights', 'sign', body, {})).status, 401);
        assert.equal((await use('rights', 'sign', body, { headers: { authorization: 'Bearer apnz_no-such-token' } })).status, 401);
        assert.equal((await use('rights', 'sign', body, { headers: { 'x-api-key': 'no-such-key' } })).status, 401);
        assert.equal((await use('rights', 'sign', body, { socketPath: control })).status, 200);
        for (const kind of ['access-key', 'token']) {
            for (const [role, status] of [['viewer', 403], ['user', 200], ['admin', 200]]) {
                const { shown } = await credential(kind, role);
                assert.equal((await use('rights', 'sign', body, { headers: shown })).status, status, `${kind} ${role}`);
            }
        }
    });

    test('a revoked token signs nothing any more', async () => {
        const { id, shown } = await credential('token', 'user');
        assert.equal((await use('rights', 'sign', body, { headers: shown })).status, 200);
        assert.ok((await ward.request('DELETE', `/v1/credentials/${id}`, { socketPath: control })).status < 300);
        assert.equal((await use('rights', 'sign', body, { headers: shown })).status, 401);
    });

    test('another project is not there', async () => {
        const other = await ward.request('POST', '/v1/projects', { socketPath: control, body: { name: 'elsewhere', accountId: ward.credentials.accountId, env: 'live' } });
        const { shown } = await credential('access-key', 'user', { projectId: other.body.id });
        problem(await use('rights', 'sign', body, { headers: shown }), 404, 'not_found', 'there is no such project');
    });

    test('keys that are not there, or were deleted', async () => {
        problem(await use('no such key', 'sign', body), 404, 'not_found', 'no such key is deployed to the environment');
        await createKey('soon gone', 'SECRET_KEY', randomBytes(32));
        assert.equal((await use('soon gone', 'sign', body)).status, 200);
        ok(await apiops('DELETE', '/keys/soon%20gone/'));
        problem(await use('soon gone', 'sign', body), 404, 'not_found');
    });

    test('bodies', async () => {
        const rows = [[{ algorithm: 'HS256' }, 'data', 'required'], [{ algorithm: 'HS256', data: 'no base64!' }, 'data', 'characters'], [{ algorithm: 'HS256', data: 7 }, 'data', 'string'],
            [{ ...body, encoding: 'HEX' }, 'encoding', 'enum'], [{ ...body, more: 1 }, 'more', 'unknown_member'], [{ ...body, signature: '' }, 'signature', 'unknown_member'],
            [{ algorithm: 'HS256', data: 'abc', encoding: 'HEXADECIMAL' }, 'data', 'characters'], ['[]', 'body', 'body_object'], ['{', 'body', 'syntax'], ['{"data":"","data":""}', 'body', 'syntax']];
        for (const [sent, member, rule] of rows) {
            const answer = await use('rights', 'sign', sent);
            problem(answer, 400, 'invalid');
            assert.deepEqual([answer.body.errors[0].member, answer.body.errors[0].rule], [member, rule], answer.text);
        }
        const missing = await use('rights', 'verify', body);
        assert.deepEqual([missing.body.errors[0].member, missing.body.errors[0].rule], ['signature', 'required']);
        assert.equal((await use('rights', 'sign', { algorithm: 'HS256', data: '' })).status, 200); // nothing can be signed, too
        assert.equal((await use('rights', 'sign', { ...body, data: b64(Buffer.alloc(800_000)) })).status, 413); // of a megabyte
    });
});

test('a replaced key is used by the next signature and the next JWK Set, every time', { timeout: 300_000 * slow }, async () => {
    const pairs = Array.from({ length: 4 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const contents = pairs.map(({ privateKey }) => b64(pem(privateKey)));
    const jwks = pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' }));
    await createKey('changes', 'PRIVATE_KEY', pem(pairs[0].privateKey));
    ok(await apiops('POST', '/jwks/', { name: 'changes', sourceType: 'PRIVATE_KEY', keyName: 'changes', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'ES256' }));
    const { body: { resultList: [{ kid }] } } = await apiops('GET', '/jwks/changes/');
    const rounds = Math.ceil(1000 / slow);
    for (let round = 1; round <= rounds; round += 1) {
        const now = round % pairs.length;
        ok(await apiops('PUT', '/keys/changes/?jwkUpdateAction=UPDATE&updateScope=SAME_PROJECT', { cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', content: contents[now] }] }));
        const [signed, published] = await Promise.all([use('changes', 'sign', { algorithm: 'ES256', data: b64(HELLO) }), readSet()]);
        assert.equal(verify('sha256', HELLO, { key: pairs[now].publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signed.body.signature, 'base64')), true, `round ${round}`);
        assert.equal(published.body.keys.find((key) => key.kid === kid).x, jwks[now].x, `round ${round}`);
    }
});

test('where replicas stand is in the status and the metrics', async () => {
    const { body: { keysets } } = await ward.request('GET', '/v1/status', { key: ward.credentials.accessKey });
    const [own] = keysets.filter((replica) => replica.keys > 0);
    assert.deepEqual([own.environment, own.replica, own.behind, own.detail], ['production', 'embedded', false, null]);
    const { text } = await ward.request('GET', '/metrics', { socketPath: control });
    assert.match(text, /^ward_replicas_behind 0$/m);
    assert.match(text, new RegExp(`^ward_keyset_keys ${own.keys}$`, 'm'));
    assert.match(text, /^ward_deployments_failed_total 0$/m);
});

test('a restart serves the same', async () => {
    const before = await readSet();
    await ward.kill('SIGTERM');
    await ward.spawn();
    const again = await readSet();
    assert.deepEqual([again.text, again.headers.etag], [before.text, before.headers.etag]);
    assert.equal((await use('rights', 'sign', { algorithm: 'HS256', data: b64(HELLO) })).status, 200);
});

test('the description lists the routes', async () => {
    const { body } = await ward.request('GET', '/openapi.json');
    const base = '/v1/projects/{project}/environments/{environment}';
    assert.equal(body.paths[`${base}/jwks.json`].get.operationId, 'jwkSet');
    for (const what of ['sign', 'verify', 'encrypt', 'decrypt']) assert.ok(body.paths[`${base}/keys/{name}/${what}`].post, what);
});
