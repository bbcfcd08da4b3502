// The native surface: design section 4, "The verification call"; problem documents; status, health, metrics, OpenAPI.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ward } from '../support/ward.mjs';

let ward;
let admin;
let verifyPort;
let socket;

before(async () => {
    ward = await Ward.start({ clock: true, args: ['--verify-listen', '127.0.0.1:0', '--listen', 'unix:' + join('/tmp', `ward-${process.pid}.sock`)] });
    admin = ward.credentials;
    verifyPort = Number(ward.address('verify').split(':').at(-1));
    socket = join('/tmp', `ward-${process.pid}.sock`);
});
after(() => ward?.stop());

const create = async (more = {}) => {
    const answer = await ward.request('POST', '/api-keys', { key: admin.accessKey, body: { name: 'n', projectId: admin.projectId, ...more } });
    assert.equal(answer.status, 201, answer.text);
    return answer.body.key;
};
const authorize = (headers, more = {}) => ward.request(more.method ?? 'GET', '/v1/authorize', { headers, port: verifyPort, ...more });
const verify = (body, more = {}) => ward.request('POST', '/v1/verify', { key: admin.accessKey, body, ...more });
const remove = (key) => ward.request('DELETE', `/api-keys/${key}`, { key: admin.accessKey });
const isProblem = (answer, status) => {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.equal(answer.body.status, status);
    assert.equal(typeof answer.body.title, 'string');
    assert.equal(typeof answer.body.type, 'string');
};

describe('/v1/authorize', () => {
    test('valid: 200, empty, who it is', async () => {
        const key = await create({ name: 'shown', customUserId: 'u', customAccountId: 'ü' });
        const answer = await authorize({ 'x-api-key': key });
        assert.equal(answer.status, 200);
        assert.equal(answer.text, '');
        assert.equal(answer.headers['content-length'], '0');
        assert.equal(answer.headers['ward-verdict'], 'valid');
        assert.match(answer.headers['ward-key-id'], /^[a-z0-9]{10}$/);
        assert.equal(answer.headers['ward-key-name'], 'shown');
        assert.equal(answer.headers['ward-project'], admin.projectId);
        assert.equal(answer.headers['ward-user-id'], 'u');
        assert.equal(decodeURIComponent(answer.headers['ward-account-id']), 'ü');
        assert.match(answer.headers['ward-revision'], /^\d+$/);
        assert.ok(!('ratelimit-limit' in answer.headers));
    });
    test('the longest names fit into a header', async () => {
        const long = '\u{1f511}'.repeat(255);
        const answer = await authorize({ 'x-api-key': await create({ name: long, customUserId: long, customAccountId: long }) });
        for (const name of ['ward-key-name', 'ward-user-id', 'ward-account-id']) assert.equal(decodeURIComponent(answer.headers[name]), long, name);
    });
    test('POST, Bearer, any letter case', async () => {
        const key = await create();
        for (const headers of [{ authorization: `Bearer ${key}` }, { Authorization: `bearer ${key}` }, { 'X-Api-Key': key }, { 'x-api-key': key, authorization: `Bearer ${key}` }]) {
            assert.equal((await authorize(headers)).status, 200, Object.keys(headers).join());
            assert.equal((await authorize(headers, { method: 'POST' })).status, 200);
        }
    });
    test('refusals: status, reason, empty body', async () => {
        const [disabled, expired, domains, limited] = [await create(), await create({ expiry: '2020-01-01' }), await create({ allowedDomains: ['a.example'] }), await create({ rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 100 } })];
        await remove(disabled);
        assert.equal((await authorize({ 'x-api-key': limited })).status, 200);
        const rows = [
            [{}, 401, 'malformed'], [{ 'x-api-key': '' }, 401, 'malformed'], [{ 'x-api-key': 'x'.repeat(256) }, 401, 'malformed'], [{ 'x-api-key': 'a', authorization: 'Bearer b' }, 401, 'malformed'],
            [{ 'x-api-key': 'unknown' }, 401, 'unknown'], [{ 'x-api-key': admin.accessKey }, 401, 'unknown'], [{ 'x-api-key': disabled }, 401, 'disabled'], [{ 'x-api-key': expired }, 401, /^(expired|disabled)$/],
            [{ 'x-api-key': domains }, 403, 'origin_not_allowed'], [{ 'x-api-key': domains, origin: 'https://b.example' }, 403, 'origin_not_allowed'], [{ 'x-api-key': limited }, 429, 'limited'],
        ];
        for (const [headers, status, reason] of rows) {
            const answer = await authorize(headers);
            const where = `${status} ${reason}`;
            assert.equal(answer.status, status, where);
            assert.equal(answer.text, '', where);
            assert.match(answer.headers['ward-verdict'], new RegExp(reason), where);
            if (status === 401) assert.ok('www-authenticate' in answer.headers);
            if (status !== 429) assert.ok(!('retry-after' in answer.headers));
        }
        for (const [name, origin] of [['x-origin-domain', 'a.example'], ['origin', 'https://a.example'], ['referer', 'https://a.example/page']]) {
            assert.equal((await authorize({ 'x-api-key': domains, [name]: origin })).status, 200, name);
        }
        assert.equal((await authorize({ 'x-api-key': domains, 'x-origin-domain': 'evil.example', origin: 'https://a.example' })).status, 403);
    });
    test('limits: headers, Retry-After, one counter with The Auth API', async () => {
        const key = await create({ rateLimitConfigs: { rateLimit: 3, rateLimitTtl: 100 } });
        const first = await authorize({ 'x-api-key': key });
        assert.deepEqual([first.headers['ratelimit-limit'], first.headers['ratelimit-remaining']], ['3', '2']);
        const peek = await authorize({ 'x-api-key': key, 'ward-peek': '1', 'ward-access-key': admin.accessKey });
        assert.deepEqual([peek.status, peek.headers['ratelimit-remaining']], [200, '2']);
        assert.equal((await ward.request('POST', `/api-keys/auth/${key}`, { key: admin.accessKey })).headers['ratelimit-consumed'], '2');
        assert.equal((await verify({ key })).body.limit.remaining, 0);
        const refused = await authorize({ 'x-api-key': key });
        assert.equal(refused.status, 429);
        assert.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 100);
        assert.equal((await authorize({ 'x-api-key': key, 'ward-peek': '1', 'ward-access-key': admin.accessKey })).status, 429);
    });
    test('a client behind a gateway cannot escape its limit by asking to peek', async () => {
        const key = await create({ rateLimitConfigs: { rateLimit: 2, rateLimitTtl: 100 } });
        const statuses = [];
        for (let n = 0; n < 4; n += 1) statuses.push((await authorize({ 'x-api-key': key, 'ward-peek': '1' })).status);
        assert.deepEqual(statuses, [200, 200, 429, 429]);
        assert.equal((await authorize({ 'x-api-key': key, 'ward-peek': '1', 'ward-access-key': 'wrong' })).status, 401);
    });
    test('narrowed to a project', async () => {
        const key = await create();
        assert.equal((await authorize({ 'x-api-key': key, 'ward-project': admin.projectId })).status, 200);
        const other = await authorize({ 'x-api-key': key, 'ward-project': '00000000-0000-4000-8000-000000000000' });
        assert.deepEqual([other.status, other.headers['ward-verdict']], [401, 'unknown']);
    });
    test('in the words that are asked for', async () => {
        const problem = await authorize({ 'x-api-key': 'unknown', 'ward-style': 'problem' });
        isProblem(problem, 401);
        const theauthapi = await authorize({ 'x-api-key': 'unknown', 'ward-style': 'theauthapi' });
        assert.equal(theauthapi.status, 401);
        assert.equal(typeof theauthapi.body.message, 'string');
        assert.equal((await authorize({ 'x-api-key': 'unknown', 'ward-style': 'nonsense' })).status, 400);
    });
    test('who may ask: an access key on TCP, anybody on the verify listener and a unix socket', async () => {
        const key = await create();
        assert.equal((await ward.request('GET', '/v1/authorize', { headers: { 'x-api-key': key } })).status, 401);
        assert.equal((await ward.request('GET', '/v1/authorize', { headers: { 'x-api-key': key, 'ward-access-key': 'wrong' } })).status, 401);
        assert.equal((await ward.request('GET', '/v1/authorize', { headers: { 'x-api-key': key, 'ward-access-key': admin.accessKey } })).status, 200);
        assert.equal((await ward.request('GET', '/v1/authorize', { headers: { 'x-api-key': key }, socketPath: socket })).status, 200);
        for (const path of ['/api-keys', '/projects', '/v1/keys', '/openapi.json', '/']) {
            assert.equal((await ward.request('GET', path, { port: verifyPort, key: admin.accessKey })).status, 404, path);
        }
        assert.equal((await ward.request('GET', '/v1/keys', { key: admin.accessKey })).status, 404);
    });
    test('a key outside the asker\'s scope is unknown', async () => {
        const project = await ward.request('POST', '/projects', { key: admin.accessKey, body: { name: 'narrow', accountId: admin.accountId, env: 'live' } });
        const asker = (await ward.request('POST', '/access-keys', { key: admin.accessKey, body: { name: 'narrow', projectId: project.body.id } })).body.key;
        const key = await create({ rateLimitConfigs: { rateLimit: 5, rateLimitTtl: 100 } });
        const answer = await ward.request('GET', '/v1/authorize', { headers: { 'x-api-key': key, 'ward-access-key': asker } });
        assert.deepEqual([answer.status, answer.headers['ward-verdict']], [401, 'unknown']);
        assert.equal((await verify({ key }, { key: asker })).body.verdict, 'unknown');
        assert.equal((await verify({ key })).body.limit.consumed, 1);
    });
    test('keep-alive holds for auth_request: many on one connection', async () => {
        const key = await create();
        for (let n = 0; n < 50; n += 1) assert.equal((await ward.request('GET', '/v1/authorize', { headers: { 'x-api-key': key, 'ward-access-key': admin.accessKey } })).headers.connection ?? 'keep-alive', 'keep-alive');
    });
});

describe('/v1/verify', () => {
    test('valid: the whole answer in order', async () => {
        const key = await create({ customMetaData: { n: 1.0 }, customUserId: 'u', rateLimitConfigs: { rateLimit: 3, rateLimitTtl: 100 }, expiry: '2040-01-01' });
        const { status, body, headers } = await verify({ key });
        assert.equal(status, 200);
        assert.match(headers['content-type'], /^application\/json/);
        assert.deepEqual(Object.keys(body), ['verdict', 'revision', 'key', 'limit']);
        assert.deepEqual(Object.keys(body.key), ['id', 'name', 'project', 'account', 'userId', 'accountId', 'metadata', 'expiresAt']);
        assert.deepEqual(Object.keys(body.limit), ['limit', 'remaining', 'consumed', 'resetAt']);
        assert.deepEqual([body.verdict, body.key.project, body.key.account, body.key.userId, body.key.accountId, body.key.expiresAt, body.limit.limit, body.limit.remaining, body.limit.consumed], ['valid', admin.projectId, admin.accountId, 'u', null, '2040-01-01T00:00:00.000Z', 3, 2, 1]);
    });
    test('reasons', async () => {
        const disabled = await create();
        await remove(disabled);
        for (const [body, reason] of [[{ key: 'unknown' }, 'unknown'], [{ key: disabled }, 'disabled'], [{ key: '' }, 'malformed'], [{ key: 'x'.repeat(300) }, 'malformed']]) {
            const answer = await verify(body);
            assert.deepEqual([answer.status, answer.body.verdict], [200, reason]);
            assert.ok(!('key' in answer.body) || reason === 'disabled');
        }
        const domains = await create({ allowedDomains: ['a.example'] });
        assert.equal((await verify({ key: domains })).body.verdict, 'origin_not_allowed');
        assert.equal((await verify({ key: domains, origin: 'https://a.example' })).body.verdict, 'valid');
        const limited = await create({ rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 100 } });
        assert.equal((await verify({ key: limited, peek: true })).body.limit.consumed, 0);
        assert.equal((await verify({ key: limited })).body.verdict, 'valid');
        const refused = await verify({ key: limited });
        assert.deepEqual([refused.status, refused.body.verdict, refused.body.limit.remaining], [200, 'limited', 0]);
    });
    test('bad input is a problem document', async () => {
        for (const body of ['{', '[]', '"x"', '{}', '{"key":5}', '{"key":"a","key":"b"}', '{"key":"a","nonsense":1}', '{"key":"a","peek":"yes"}', '{"key":"a","style":"x"}', '{"key":"a","project":"x"}', '']) {
            const answer = await ward.request('POST', '/v1/verify', { key: admin.accessKey, body, headers: { 'content-type': 'application/json' } });
            isProblem(answer, 400);
        }
        isProblem(await ward.request('POST', '/v1/verify', { key: admin.accessKey, body: `{"key":"${'x'.repeat(20000)}"}` }), 413);
        isProblem(await ward.request('POST', '/v1/verify', { body: { key: 'x' } }), 401);
        isProblem(await ward.request('POST', '/v1/verify', { key: 'wrong', body: { key: 'x' } }), 401);
        isProblem(await ward.request('GET', '/v1/nonsense', { key: admin.accessKey }), 404);
        assert.equal((await verify({ key: 'unknown' }, { key: undefined, headers: { authorization: `Bearer ${admin.accessKey}` } })).status, 200);
    });
});

describe('status and health', () => {
    test('/healthz, /readyz', async () => {
        for (const path of ['/healthz', '/readyz']) assert.equal((await ward.request('GET', path)).status, 200, path);
        assert.equal((await ward.request('GET', '/healthz', { port: verifyPort })).status, 200);
    });
    test('/v1/status', async () => {
        isProblem(await ward.request('GET', '/v1/status'), 401);
        const before = (await ward.request('GET', '/v1/status', { key: admin.accessKey })).body;
        const write = await ward.request('POST', '/api-keys', { key: admin.accessKey, body: { name: 'n', projectId: admin.projectId } });
        const status = (await ward.request('GET', '/v1/status', { key: admin.accessKey })).body;
        assert.match(status.version, /^\d+\.\d+\.\d+/);
        assert.equal(status.revision, Number(write.headers['ward-revision']));
        assert.ok(status.revision > before.revision);
        assert.equal(status.keys, before.keys + 1);
        assert.ok(status.generation >= 1);
        assert.ok(status.stalenessMs >= 0 && status.stalenessMs < 5000);
        assert.equal(status.store.failed, false);
    });
    test('/metrics is Prometheus text', async () => {
        const { status, headers, text } = await ward.request('GET', '/metrics', { key: admin.accessKey });
        assert.equal(status, 200);
        assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
        const names = new Set();
        for (const line of text.trimEnd().split('\n')) {
            const found = line.match(/^(?:# (?:HELP|TYPE) ([a-z_]+) .+|([a-z_]+)(?:\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*\})? [0-9.e+-]+)$/);
            assert.ok(found, line);
            names.add((found[1] ?? found[2]).replace(/_(bucket|sum|count)$/, ''));
        }
        for (const name of ['ward_http_requests_total', 'ward_verdicts_total', 'ward_store_commits_total', 'ward_table_keys', 'ward_revision']) assert.ok(names.has(name), `${name} is missing from ${[...names].join(' ')}`);
    });
    test('/openapi.json is made from the route tables', async () => {
        const { status, body } = await ward.request('GET', '/openapi.json');
        assert.equal(status, 200);
        assert.match(body.openapi, /^3\.1/);
        for (const [path, method] of [['/api-keys', 'get'], ['/api-keys', 'post'], ['/api-keys/{key}', 'patch'], ['/api-keys/auth/{key}', 'post'], ['/v1/verify', 'post'], ['/v1/authorize', 'get'], ['/projects/{id}', 'delete'], ['/access-keys/{key}/reactivate', 'patch']]) {
            assert.ok(body.paths[path]?.[method]?.operationId, `${method} ${path}`);
        }
        const ids = Object.values(body.paths).flatMap((p) => Object.values(p).map((o) => o.operationId)).filter(Boolean);
        assert.equal(new Set(ids).size, ids.length);
        for (const [path, operations] of Object.entries(body.paths)) {
            const names = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
            for (const operation of Object.values(operations)) for (const name of names) assert.ok(operation.parameters?.some((p) => p.name === name && p.in === 'path' && p.required), `${path} ${name}`);
        }
    });
    test('common headers', async () => {
        const { headers } = await ward.request('GET', '/projects', { key: admin.accessKey });
        assert.equal(headers['cache-control'], 'no-store');
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.match(headers['request-id'], /^[0-9a-f]{16}$/);
        assert.ok(!('server' in headers) || !/\d/.test(headers.server));
    });
});
