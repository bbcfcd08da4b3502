// Usage plans as a gateway sees them: /v1/authorize and /v1/verify with a stage, /v1/settle, the answers in NCP's style.
// Products, stages, plans and subscriptions are made through NCP's surface by a client that shares no code with Ward.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { call } from '../support/ncp_sign.mjs';
import { Ward, program, testProgram } from '../support/ward.mjs';

const BASE = '/api/v1';
const CLIENT = '192.0.2.7';
let ward, iam;

before(async () => {
    ward = await Ward.start({ clock: true, args: ['--verify-listen', '127.0.0.1:0'] });
    iam = ward.credentials.iam;
});
after(() => ward?.stop());

// ---- making things ----

const control = (method, path, body) => ward.request(method, path, { socketPath: join(ward.data, 'ward.sock'), body });

/** An administrator of another account, that signs. */
async function pair(accountId) {
    const made = await control('POST', '/v1/credentials', { kind: 'iam', role: 'admin', name: 'pair', accountId });
    assert.equal(made.status, 201, made.text);
    return { accessKey: made.body.publicId, secretKey: made.body.value };
}

/** One signed call; fails unless it succeeds. */
async function ncp(line, body, who = iam) {
    const [method, path] = line.split(' ');
    const answer = await call(ward.url, who, method, BASE + path, { now: ward.now(), body: body && JSON.stringify(body) });
    assert.ok(answer.status < 300, `${line}: ${answer.status} ${answer.text}`);
    return answer.body;
}

async function makeKey(who = iam) {
    const { apiKey } = await ncp('POST /api-keys', { apiKeyName: 'caller' }, who);
    return { id: apiKey.apiKeyId, value: apiKey.primaryKey, secondary: apiKey.secondaryKey };
}

const stagePath = (at) => `/products/${at.product}/apis/${at.api}/stages/${at.stage}`;
const stageBody = (more) => ({ stageName: 'v1', endpointDomain: 'https://example.com', ...more });

/** A product with an API and a stage; with terms a plan, too, that the key is held to. */
async function make({ code = 'PROTECTED', stage = {}, terms, subscribed = true } = {}) {
    const at = { key: await makeKey() };
    at.product = (await ncp('POST /products', { productName: 'shop', subscriptionCode: code })).product.productId;
    at.api = (await ncp(`POST /products/${at.product}/apis`, { apiName: 'pets' })).api.apiId;
    at.stage = (await ncp(`POST /products/${at.product}/apis/${at.api}/stages`, stageBody(stage))).stage.stageId;
    if (subscribed) await subscribe(at, at.key);
    if (terms) await hold(at, at.key, terms);
    return at;
}

async function subscribe(at, key, who = iam) {
    await ncp(`POST /api-keys/${key.id}/subscribe`, { productId: at.product }, who);
    await ncp(`PATCH /products/${at.product}/api-keys/${key.id}`, { status: 'ACCEPTED' });
}

async function hold(at, key, terms) {
    at.plan = (await ncp('POST /usage-plans', { usagePlanName: 'gold', ...terms })).usagePlan.usagePlanId;
    await ncp(`POST ${stagePath(at)}/associate-usage-plan`, { usagePlanId: at.plan });
    await ncp(`PUT /products/${at.product}/api-keys/${key.id}/stages/${at.stage}`, { usagePlanId: at.plan });
}

// ---- asking ----

const named = (at) => ({ 'ward-product': at.product, 'ward-api': at.api, 'ward-stage': at.stage });

/** Ask as a gateway does, on the listener that needs no credential. */
function authorize(at, { value = at.key.value, headers = {}, agent } = {}) {
    return ward.request('GET', '/v1/authorize', { port: ward.verifyPort, agent, headers: { ...named(at), ...(value && { 'x-ncp-apigw-api-key': value }), ...headers } });
}

const verify = (at, more = {}) => control('POST', '/v1/verify', { key: at.key.value, product: at.product, api: at.api, stage: at.stage, ...more });
const settle = (ticket, how) => ward.request('POST', '/v1/settle', { port: ward.verifyPort, body: { ticket, ...how } });

async function expectVerdict(at, verdict, options) {
    const answer = await authorize(at, options);
    assert.equal(answer.headers['ward-verdict'], verdict, `${answer.status} ${answer.text}`);
    return answer;
}

/** Ask until there is nothing left in front: for what counts by the second, which may turn in between. */
async function untilVerdict(at, verdict, options) {
    let answer;
    for (let i = 0; i < 40; i += 1) {
        answer = await authorize(at, options);
        if (answer.headers['ward-verdict'] === verdict) return answer;
    }
    throw new Error(`it was never ${verdict}, but ${answer.headers['ward-verdict']}`);
}

async function usage(at) {
    const { apiKeyRelations } = await ncp(`GET /api-keys/${at.key.id}/subscription-detail?productId=${at.product}`);
    const row = apiKeyRelations.content.find((one) => one.stageId === at.stage);
    return row && [row.dailyUsage, row.dayCallCount, row.monthlyUsage, row.monthCallCount];
}

/** Move the clock to a moment of Seoul's time. */
const moveTo = (text) => ward.moveClock(Date.parse(`${text}+09:00`) - ward.now());

// ---- reasons ----

const error = (code, message, details) => `{"error":{"errorCode":"${code}","message":"${message}","details":"${details}"}}`;
const wrongKey = error('200', 'Authentication Failed', 'Invalid authentication information.');
const answers = { // verdict: [status, status and text in NCP's style]
    malformed: [401, 401, wrongKey], unknown: [401, 401, wrongKey], disabled: [401, 401, wrongKey], expired: [401, 401, wrongKey],
    origin_not_allowed: [403, 403, error('230', 'Forbidden', 'The origin is not allowed.')],
    not_subscribed: [403, 401, error('210', 'Permission Denied', 'A subscription to the API is required.')],
    source_not_allowed: [403, 403, error('230', 'Forbidden', 'The source address is not allowed.')],
    maintenance: [503, 502, '{"gone":"until six"}'],
    throttled: [429, 429, error('410', 'Throttle Limited', 'The throttle of the stage is exceeded.')],
    limited: [429, 429, error('420', 'Rate Limited', 'The rate of the usage plan is exceeded.')],
    quota_exceeded: [429, 429, error('400', 'Quota Exceeded', 'The quota of the usage plan is used up.')],
};

/** The same refusal in its three forms. */
async function expectRefusal(at, verdict, options = {}) {
    const [status, ncpStatus, text] = answers[verdict];
    const ask = ['throttled', 'limited'].includes(verdict) ? (where, how) => untilVerdict(where, verdict, how) : authorize;
    const bare = await ask(at, options);
    assert.equal(bare.headers['ward-verdict'], verdict, `${bare.status}`);
    assert.equal(bare.status, status);
    assert.equal(bare.text, '');
    assert.equal('ward-settle' in bare.headers, false);
    const styled = await ask(at, { ...options, headers: { ...options.headers, 'ward-style': 'ncp' } });
    assert.deepEqual([styled.status, styled.text, styled.headers['ward-verdict']], [ncpStatus, text, verdict]);
    assert.equal(styled.headers['content-type'], 'application/json;charset=UTF-8');
    const problem = await ask(at, { ...options, headers: { ...options.headers, 'ward-style': 'problem' } });
    assert.deepEqual([problem.status, problem.body.type], [status, `urn:ward:problem:${verdict}`]);
    return bare;
}

test('every reason, in its order: what stands in front hides what stands behind [8 answers, 8 order]', async () => {
    const at = await make({ subscribed: false, stage: { throttleRps: 1, ipAclCode: 'ALLOWED', ipAclList: CLIENT, isMaintenance: true, statusCode: 502, response: '{"gone":"until six"}' } });
    const edit = (more) => ncp(`PUT ${stagePath(at)}`, stageBody(more));
    const owner = (body, key = at.key) => ward.request('PATCH', `/api-keys/${key.value}`, { key: ward.credentials.accessKey, body: { name: 'caller', ...body } });
    const good = { headers: { 'ward-client-address': CLIENT, 'x-origin-domain': 'https://a.example' } };
    assert.equal((await owner({ allowedDomains: ['a.example'] })).status, 200);
    await ncp(`PUT /api-keys/${at.key.id}`, { apiKeyName: 'caller', isEnabled: false });

    await expectRefusal(at, 'malformed', { value: 'x'.repeat(300) });
    await expectRefusal(at, 'unknown', { value: 'nobody has it' });
    await expectRefusal(at, 'disabled');
    await ncp(`PUT /api-keys/${at.key.id}`, { apiKeyName: 'caller', isEnabled: true });
    const old = await makeKey(); // one of its own: an expired key cannot be changed any more
    assert.equal((await owner({ allowedDomains: ['a.example'], expiry: '2020-01-01' }, old)).status, 200);
    await expectRefusal({ ...at, key: old }, 'expired');
    await expectRefusal(at, 'origin_not_allowed', { headers: { 'x-origin-domain': 'https://b.example' } });
    for (const wrong of [{ 'ward-stage': '0000000000' }, { 'ward-api': '0000000000' }, { 'ward-product': '0000000000' }]) await expectRefusal(at, 'not_subscribed', { headers: { ...good.headers, ...wrong } });
    for (const address of [{}, { 'ward-client-address': '' }, { 'ward-client-address': '192.0.2.8' }, { 'ward-client-address': 'unix:' }]) await expectRefusal(at, 'source_not_allowed', { headers: { 'x-origin-domain': 'https://a.example', ...address } });
    await expectRefusal(at, 'maintenance', good);
    await edit({ throttleRps: 1, isMaintenance: false });
    await expectRefusal(at, 'not_subscribed', good);
    await ncp(`POST /api-keys/${at.key.id}/subscribe`, { productId: at.product });
    await expectRefusal(at, 'not_subscribed', good); // it has asked, nobody has answered
    await ncp(`PATCH /products/${at.product}/api-keys/${at.key.id}`, { status: 'REJECTED' });
    await expectRefusal(at, 'not_subscribed', good);
    await ncp(`PATCH /products/${at.product}/api-keys/${at.key.id}`, { status: 'ACCEPTED' });
    await hold(at, at.key, { rateRps: 1, dayQuotaRequest: 0, monthQuotaRequest: 0 });
    assert.ok(Number((await expectRefusal(at, 'throttled', good)).headers['retry-after']) >= 1);
    await edit({ throttleRps: 1_000_000 });
    await ncp(`PUT /usage-plans/${at.plan}`, { usagePlanName: 'gold', rateRps: 1, dayQuotaRequest: 100, monthQuotaRequest: 100 });
    assert.equal((await expectRefusal(at, 'limited', good)).headers['ratelimit-limit'], '1');
    assert.equal((await owner({ rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 3600 } })).status, 200);
    await ncp(`PUT /usage-plans/${at.plan}`, { usagePlanName: 'gold', dayQuotaRequest: 0, monthQuotaRequest: 0 });
    await expectVerdict(at, 'quota_exceeded', good); // the key's own limit still had one
    const limited = await expectVerdict(at, 'limited', good); // it stands before the quota
    assert.deepEqual([limited.headers['ratelimit-limit'], limited.headers['ratelimit-remaining']], ['1', '0']);
    assert.ok(Number(limited.headers['retry-after']) > 3000);
    assert.equal((await owner({ rateLimitConfigs: null })).status, 200);
    const over = await expectRefusal(at, 'quota_exceeded', good);
    assert.deepEqual([over.headers['ratelimit-limit'], over.headers['ratelimit-remaining']], ['0', '0']);
    await ncp(`PUT /usage-plans/${at.plan}`, { usagePlanName: 'gold', dayQuotaRequest: 1000, monthQuotaRequest: 1000 });
    assert.equal((await expectVerdict(at, 'valid', good)).status, 200);
});

test('nothing shown at all is missing, not wrong [8 missing]', async () => {
    const at = await make();
    const answer = await authorize(at, { value: null, headers: { 'ward-style': 'ncp' } });
    assert.deepEqual([answer.status, answer.text], [401, error('200', 'Authentication Failed', 'Authentication information are missing.')]);
    assert.equal(answer.headers['ward-verdict'], 'malformed');
});

test('a maintenance without words of its own is 503 with nothing; JSON shows what the stage would say [8 maintenance]', async () => {
    const at = await make({ stage: { isMaintenance: true } });
    const styled = await authorize(at, { headers: { 'ward-style': 'ncp' } });
    assert.deepEqual([styled.status, styled.text, styled.headers['retry-after']], [503, '', undefined]);
    await ncp(`PUT ${stagePath(at)}`, stageBody({ isMaintenance: true, statusCode: 418, response: 'short and stout' }));
    const words = await authorize(at, { headers: { 'ward-style': 'ncp' } });
    assert.deepEqual([words.status, words.text, words.headers['content-type']], [418, 'short and stout', 'text/plain;charset=UTF-8']);
    const json = await verify(at);
    assert.equal(json.body.verdict, 'maintenance');
    assert.deepEqual(json.body.stage, { product: at.product, api: at.api, id: at.stage, maintenance: { status: 418, response: 'short and stout' } });
});

describe('half a question is refused in words', () => {
    const id = '0123456789';
    for (const [name, headers, sentence] of [
        ['a product without a stage', { 'ward-product': id }, /^ward-stage must be sent/], ['an API without a stage', { 'ward-api': id }, /^ward-stage must be sent/],
        ['an empty stage', { 'ward-stage': '' }, /^ward-stage must be 10/], ['nine characters', { 'ward-stage': id.slice(1) }, /^ward-stage must be 10/], ['eleven', { 'ward-stage': `${id}0` }, /^ward-stage must be 10/],
        ['a capital', { 'ward-stage': '012345678A' }, /^ward-stage must be 10/], ['a bad product', { 'ward-stage': id, 'ward-product': 'shop' }, /^ward-product must be 10/], ['a bad API', { 'ward-stage': id, 'ward-api': 'pets' }, /^ward-api must be 10/],
        ['a proxy on a stage', { 'ward-stage': id, authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }, /^ward-stage goes with an API key$/],
        ['a style nobody knows', { 'ward-style': 'aws' }, /^ward-style must be one of: problem, theauthapi, ncp, apinizer$/],
    ]) {
        test(name, async () => {
            const answer = await ward.request('GET', '/v1/authorize', { port: ward.verifyPort, headers });
            assert.equal(answer.status, 400, answer.text);
            assert.match(answer.body.detail, sentence);
        });
    }
});

// ---- limits shown ----

test('headers show the limit with the least left, JSON shows them all', async () => {
    const at = await make({ stage: { throttleRps: 1000 }, terms: { rateRps: 500, dayQuotaRequest: 7, monthQuotaRequest: 9 } });
    const first = await expectVerdict(at, 'valid');
    assert.deepEqual([first.headers['ratelimit-limit'], first.headers['ratelimit-remaining']], ['7', '6']);
    const { body } = await verify(at, { peek: true });
    assert.equal(body.verdict, 'valid');
    assert.equal(body.plan.id, at.plan);
    assert.deepEqual([body.stage.throttle.limit, body.plan.rate.limit, body.plan.day.limit, body.plan.day.consumed, body.plan.month.limit, body.plan.month.remaining], [1000, 500, 7, 1, 9, 8]);
    assert.equal('limit' in body, false);
    await ncp(`PUT /usage-plans/${at.plan}`, { usagePlanName: 'gold', dayQuotaRequest: 5, monthQuotaRequest: 5 });
    const even = await expectVerdict(at, 'valid'); // as much left of both: the month ends last
    assert.deepEqual([even.headers['ratelimit-limit'], even.headers['ratelimit-remaining']], ['5', '3']);
    const seoul = new Date(ward.now() + 9 * 3_600_000);
    const monthEnd = Date.UTC(seoul.getUTCFullYear(), seoul.getUTCMonth() + 1, 1) - 9 * 3_600_000;
    assert.ok(Math.abs(Number(even.headers['ratelimit-reset']) - (monthEnd - ward.now()) / 1000) < 30, even.headers['ratelimit-reset']);
});

test('terms of the stage hold where no plan was chosen', async () => {
    const at = await make();
    await ncp(`PUT ${stagePath(at)}/usage-plan`, { dayQuotaRequest: 1, monthQuotaRequest: 10 });
    assert.equal((await verify(at)).body.plan.id, null);
    await expectVerdict(at, 'quota_exceeded');
    await hold(at, at.key, { dayQuotaRequest: 3, monthQuotaRequest: 3 });
    await expectVerdict(at, 'valid'); // another plan goes on counting where the terms were
    await expectVerdict(at, 'valid');
    await expectVerdict(at, 'quota_exceeded');
});

// ---- quotas ----

test('day and month are those of Seoul, over a leap day and a month\'s end [6.2 windows]', async () => {
    moveTo('2028-02-28T23:59:00');
    const at = await make({ terms: { dayQuotaRequest: 2, monthQuotaRequest: 3 } });
    moveTo('2028-02-28T23:59:30');
    await expectVerdict(at, 'valid');
    await expectVerdict(at, 'valid');
    const over = await expectVerdict(at, 'quota_exceeded');
    assert.ok(Number(over.headers['retry-after']) <= 30, over.headers['retry-after']); // the day ends, not the month
    moveTo('2028-02-29T00:00:01'); // 15:00 UTC of the 28th
    await expectVerdict(at, 'valid');
    const month = await expectVerdict(at, 'quota_exceeded');
    const left = Number(month.headers['retry-after']);
    assert.ok(left > 86_300 && left <= 86_399, `${left}`); // one more day: it is a leap year
    moveTo('2028-02-29T23:59:30');
    await expectVerdict(at, 'quota_exceeded');
    moveTo('2028-03-01T00:00:01');
    await expectVerdict(at, 'valid');
    assert.deepEqual(await usage(at), [1, 1, 1, 1]);
    moveTo('2028-02-29T23:59:50'); // a clock that is set back grants nothing twice
    await expectVerdict(at, 'valid');
    await expectVerdict(at, 'quota_exceeded');
    moveTo('2028-03-01T00:00:10');
    await expectVerdict(at, 'quota_exceeded');
    moveTo('2028-03-02T00:00:10');
    await expectVerdict(at, 'valid');
    await expectVerdict(at, 'quota_exceeded');
});

test('another zone has other days, and an unknown one is refused at start', async () => {
    const kept = ward;
    ward = await Ward.start({ clock: true, args: ['--verify-listen', '127.0.0.1:0', '--quota-zone', '-05:00'] });
    try {
        iam = ward.credentials.iam;
        ward.moveClock(Date.parse('2028-05-31T23:59:00-05:00') - ward.now());
        const at = await make({ terms: { dayQuotaRequest: 1, monthQuotaRequest: 1 } });
        await expectVerdict(at, 'valid');
        await expectVerdict(at, 'quota_exceeded');
        ward.moveClock(Date.parse('2028-06-01T00:00:01-05:00') - ward.now());
        await expectVerdict(at, 'valid');
    } finally {
        await ward.stop();
        ward = kept;
        iam = ward.credentials.iam;
    }
    await new Promise((resolve) => {
        execFile(program, ['serve', '--data', join(ward.root, 'nowhere'), '--quota-zone', 'Mars/Olympus'], (failure, out, text) => {
            assert.equal(failure.code, 2, text);
            assert.match(text, /Mars\/Olympus/);
            resolve();
        });
    });
});

test('both values of a key are one caller, and a regenerated one goes on counting [8 header, 6.1 counters]', async () => {
    const at = await make({ terms: { dayQuotaRequest: 4, monthQuotaRequest: 100 } });
    await expectVerdict(at, 'valid');
    await expectVerdict(at, 'valid', { value: at.key.secondary });
    const { apiKey } = await ncp(`PATCH /api-keys/${at.key.id}`, { keyType: 'SECONDARY' });
    await expectVerdict(at, 'unknown', { value: at.key.secondary });
    await expectVerdict(at, 'valid', { value: apiKey.secondaryKey });
    await expectVerdict(at, 'valid');
    for (const value of [at.key.value, apiKey.secondaryKey]) await expectVerdict(at, 'quota_exceeded', { value });
    assert.deepEqual(await usage(at), [4, 6, 4, 6]);
});

// ---- settling ----

test('a call whose answer does not count is taken back [6.2 quotaCondition, 6.1 counters, 8 settle]', async () => {
    const at = await make({ terms: { dayQuotaRequest: 1, monthQuotaRequest: 2, quotaCondition: '2xx' } });
    const first = await expectVerdict(at, 'valid');
    const ticket = first.headers['ward-settle'];
    assert.match(ticket, /^[A-Za-z0-9_-]{48}$/);
    await expectVerdict(at, 'quota_exceeded');
    assert.deepEqual(await usage(at), [1, 2, 1, 2]);
    const settled = await settle(ticket, { status: 503 });
    assert.deepEqual([settled.status, settled.text, settled.headers['ward-settled']], [204, '', 'taken-back']);
    assert.deepEqual(await usage(at), [0, 2, 0, 2]);
    const again = (await verify(at)).body;
    assert.equal(again.verdict, 'valid');
    assert.match(again.settle, /^[A-Za-z0-9_-]{48}$/);
    assert.equal((await settle(again.settle, { status: 204 })).headers['ward-settled'], 'counted');
    await expectVerdict(at, 'quota_exceeded');
    assert.deepEqual(await usage(at), [1, 4, 1, 4]);
});

test('a ticket reaches the windows it was counted in, and no other', async () => {
    const at = await make({ terms: { dayQuotaRequest: 5, monthQuotaRequest: 5, quotaCondition: '2xx' } });
    const start = Math.floor((ward.now() + 9 * 3_600_000) / 86_400_000); // days of Seoul
    const month = new Date(start * 86_400_000);
    const tenth = Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 10) - 9 * 3_600_000 + 60_000;
    ward.moveClock(tenth - ward.now());
    const [old, older] = [await expectVerdict(at, 'valid'), await expectVerdict(at, 'valid')].map((one) => one.headers['ward-settle']);
    ward.moveClock(86_400_000);
    await expectVerdict(at, 'valid');
    assert.deepEqual(await usage(at), [1, 1, 3, 3]);
    assert.equal((await settle(old, { status: 500 })).headers['ward-settled'], 'taken-back');
    assert.deepEqual(await usage(at), [1, 1, 2, 3]); // of the month, not of another day
    ward.moveClock(31 * 86_400_000);
    await expectVerdict(at, 'valid');
    const late = await settle(older, { status: 500 });
    assert.deepEqual([late.status, late.headers['ward-settled']], [204, 'too-late']);
    assert.deepEqual(await usage(at), [1, 1, 1, 1]);
});

test('which answers count', async () => {
    const statuses = { 100: 'others', 199: 'others', 200: '2xx', 299: '2xx', 304: '3xx', 404: '4xx', 500: '5xx', 599: '5xx' };
    for (const condition of ['2xx', '3xx,4xx', '5xx', 'others']) {
        const at = await make({ terms: { quotaCondition: condition } });
        const ask = async (how, name) => {
            const { headers } = await expectVerdict(at, 'valid');
            assert.equal((await settle(headers['ward-settle'], how)).headers['ward-settled'], condition.split(',').includes(name) ? 'counted' : 'taken-back', `${condition}: ${JSON.stringify(how)}`);
        };
        for (const [status, name] of Object.entries(statuses)) await ask({ status: Number(status) }, name);
        for (const name of ['2xx', '3xx', '4xx', '5xx', 'others']) await ask({ class: name }, name);
    }
    for (const quotaCondition of [undefined, '2xx,3xx,4xx,5xx,others']) { // all of them count: there is nothing to report
        const at = await make({ terms: { dayQuotaRequest: 5, monthQuotaRequest: 5, quotaCondition } });
        assert.equal((await expectVerdict(at, 'valid')).headers['ward-settle'], undefined);
        assert.equal('settle' in (await verify(at)).body, false);
    }
});

test('a ticket cannot be made up, and a peek gives none', async () => {
    const at = await make({ terms: { dayQuotaRequest: 5, monthQuotaRequest: 5, quotaCondition: '2xx' } });
    const ticket = (await expectVerdict(at, 'valid')).headers['ward-settle'];
    const before = await usage(at);
    for (let i = 0; i < ticket.length; i += 1) {
        const forged = ticket.slice(0, i) + (ticket[i] === 'A' ? 'B' : 'A') + ticket.slice(i + 1);
        const answer = await settle(forged, { status: 500 });
        assert.equal(answer.status, 400, `${i}`);
        assert.deepEqual(answer.body.errors, [{ member: 'ticket', rule: 'syntax', detail: 'is not a ticket of this server' }]);
    }
    for (const body of [{}, { ticket }, { ticket, status: 600 }, { ticket, status: 99 }, { ticket, status: '500' }, { ticket, class: '5XX' }, { ticket, class: '5xx', status: 500 }, { ticket: '', status: 500 }]) {
        assert.equal((await ward.request('POST', '/v1/settle', { port: ward.verifyPort, body })).status, 400, JSON.stringify(body));
    }
    assert.deepEqual(await usage(at), before);
    assert.equal('settle' in (await verify(at, { peek: true })).body, false);
    await ncp(`POST /api-keys/${at.key.id}/unsubscribe`, { productId: at.product });
    assert.equal((await settle(ticket, { status: 500 })).status, 404);
    const other = (await ward.request('POST', '/accounts', { key: ward.credentials.accessKey, body: { name: 'other' } })).body.id;
    const stranger = await control('POST', '/v1/credentials', { kind: 'access-key', role: 'admin', name: 's', accountId: other });
    for (const [key, status] of [[undefined, 401], ['nobody', 401], [stranger.body.value, 404]]) {
        assert.equal((await ward.request('POST', '/v1/settle', { key, body: { ticket, status: 500 } })).status, status);
    }
});

// ---- PUBLIC ----

test('the first use of a PUBLIC product subscribes, once, and counts every call [6 public, 6.1 counters]', async () => {
    const at = await make({ code: 'PUBLIC', subscribed: false });
    await ncp(`PUT ${stagePath(at)}/usage-plan`, { dayQuotaRequest: 20, monthQuotaRequest: 100 });
    assert.equal((await verify(at, { peek: true })).body.verdict, 'valid'); // to look is no use
    assert.equal(await usage(at), undefined);
    const verdicts = (await Promise.all(Array.from({ length: 32 }, () => authorize(at)))).map((one) => one.headers['ward-verdict']);
    assert.deepEqual([verdicts.filter((one) => one === 'valid').length, verdicts.filter((one) => one === 'quota_exceeded').length], [20, 12]);
    assert.deepEqual(await usage(at), [20, 32, 20, 32]);
    assert.equal((await ncp(`GET /api-keys/${at.key.id}/products`)).total, 1);
    await ncp(`PATCH /products/${at.product}`, { subscriptionCode: 'PROTECTED' });
    await expectVerdict(at, 'not_subscribed'); // what nobody asked for is lost
    await ncp(`PATCH /products/${at.product}`, { subscriptionCode: 'PUBLIC' });
    assert.notEqual((await authorize(at)).headers['ward-verdict'], 'not_subscribed');
});

test('whom the owner rejected stays out of a PUBLIC product', async () => {
    const at = await make({ subscribed: false });
    await ncp(`POST /api-keys/${at.key.id}/subscribe`, { productId: at.product });
    await ncp(`PATCH /products/${at.product}/api-keys/${at.key.id}`, { status: 'REJECTED' });
    await ncp(`PATCH /products/${at.product}`, { subscriptionCode: 'PUBLIC' });
    for (let i = 0; i < 3; i += 1) await expectVerdict(at, 'not_subscribed');
});

// ---- one model ----

test('a key of The Auth API is held to a plan, and both surfaces stop it', async () => {
    const at = await make();
    const { projectId } = ward.credentials;
    const value = `made-elsewhere-${at.product}`;
    const made = await ward.request('POST', '/api-keys', { key: ward.credentials.accessKey, body: { name: 'elsewhere', projectId, key: value, customUserId: 'u' } });
    assert.equal(made.status, 201, made.text);
    const id = (await control('POST', '/v1/verify', { key: value, peek: true })).body.key.id;
    const other = { ...at, key: { id, value } };
    await expectVerdict(other, 'not_subscribed');
    await subscribe(at, other.key);
    await hold(at, other.key, { dayQuotaRequest: 3, monthQuotaRequest: 3 });
    const answer = await expectVerdict(other, 'valid');
    assert.deepEqual([answer.headers['ward-key-id'], answer.headers['ward-user-id']], [id, 'u']);
    await ncp(`PUT /api-keys/${id}`, { apiKeyName: 'renamed', isEnabled: false });
    await expectVerdict(other, 'disabled');
    assert.equal((await ward.request('PATCH', `/api-keys/${value}/reactivate`, { key: ward.credentials.accessKey })).status, 200);
    assert.equal((await expectVerdict(other, 'valid')).headers['ward-key-name'], 'renamed');
    const second = (await ncp(`PATCH /api-keys/${id}`, { keyType: 'SECONDARY' })).apiKey.secondaryKey;
    await expectVerdict(other, 'valid', { value: second });
    await expectVerdict(other, 'quota_exceeded');
    assert.equal((await ward.request('POST', `/api-keys/auth/${second}`, { key: ward.credentials.accessKey })).status, 200); // without a stage there is no plan
    assert.equal((await ward.request('DELETE', `/api-keys/${value}`, { key: ward.credentials.accessKey })).status, 200);
    await expectVerdict(other, 'disabled', { value: second });
});

test('of another tenant\'s key the stage\'s owner sees id and name', async () => {
    const at = await make();
    const theirs = (await ward.request('POST', '/accounts', { key: ward.credentials.accessKey, body: { name: 'theirs' } })).body.id;
    const project = await control('POST', '/v1/projects', { name: 'p', accountId: theirs, env: 'live' });
    const made = await control('POST', '/v1/keys', { name: 'guest', projectId: project.body.id, customUserId: 'their user', metadata: { secret: true } });
    assert.equal(made.status, 201, made.text);
    const guest = { ...at, key: { id: made.body.id, value: made.body.key } };
    const owner = (await control('POST', '/v1/credentials', { kind: 'access-key', role: 'user', name: 'gateway', accountId: ward.credentials.accountId })).body.value;
    const ask = () => ward.request('GET', '/v1/authorize', { key: guest.key.value, headers: { ...named(at), 'ward-access-key': owner } });
    const before = await ask();
    assert.deepEqual([before.headers['ward-verdict'], before.headers['ward-key-id']], ['unknown', undefined]);
    await subscribe(at, guest.key, await pair(theirs));
    const answer = await ask();
    assert.equal(answer.headers['ward-verdict'], 'valid');
    assert.deepEqual([answer.headers['ward-key-id'], answer.headers['ward-key-name']], [guest.key.id, 'guest']);
    for (const hidden of ['ward-project', 'ward-user-id', 'ward-account-id']) assert.equal(answer.headers[hidden], undefined, hidden);
    const json = await ward.request('POST', '/v1/verify', { key: owner, body: { key: guest.key.value, stage: at.stage } });
    assert.deepEqual(json.body.key, { id: guest.key.id, name: 'guest', project: null, account: null, userId: null, accountId: null, metadata: {}, expiresAt: null });
});

// ---- exactness ----

test('a quota is exact over four connections and four processes', async () => {
    const quota = 400;
    const at = await make({ terms: { dayQuotaRequest: quota, monthQuotaRequest: 10 * quota } });
    const keyFile = join(ward.root, 'key.txt');
    writeFileSync(keyFile, at.key.value, { mode: 0o600 });
    const environment = { ...process.env, WARD_TEST_CLOCK: ward.clockPath };
    const runCommand = (args) => new Promise((resolve) => {
        execFile(testProgram, ['verify', '--data', ward.data, '--key-file', keyFile, '--output', 'json', '--product', at.product, '--api', at.api, '--stage', at.stage, ...args], { env: environment },
            (failure, out, text) => resolve({ code: failure?.code ?? 0, body: out && JSON.parse(out), text }));
    });
    const outside = async () => {
        let valid = 0;
        for (let i = 0; i < 10; i += 1) valid += (await runCommand([])).code === 0 ? 1 : 0;
        return valid;
    };
    const inside = async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        let valid = 0;
        for (let i = 0; i < 130; i += 1) valid += (await authorize(at, { agent })).status === 200 ? 1 : 0;
        agent.destroy();
        return valid;
    };
    const counts = await Promise.all([...Array.from({ length: 4 }, inside), ...Array.from({ length: 4 }, outside)]);
    assert.equal(counts.reduce((sum, one) => sum + one, 0), quota, counts.join(' '));
    const last = await runCommand(['--peek']);
    assert.deepEqual([last.code, last.body.verdict, last.body.plan.day.remaining], [1, 'quota_exceeded', 0]);
    assert.deepEqual(await usage(at), [quota, 4 * 130 + 4 * 10, quota, 4 * 130 + 4 * 10]);
    assert.match((await runCommand(['--stage', 'x'])).text, /--stage takes an id/);
    const open = await make({ code: 'PUBLIC', subscribed: false });
    writeFileSync(keyFile, open.key.value, { mode: 0o600 });
    const unused = await runCommand(['--product', open.product, '--api', open.api, '--stage', open.stage]);
    assert.equal(unused.code, 2);
    assert.match(unused.text, /not subscribed yet/);
    assert.equal((await runCommand(['--product', open.product, '--api', open.api, '--stage', open.stage, '--peek'])).body.verdict, 'valid');
});

test('a kill takes nothing back: counters of the last moment are there after the start', async () => {
    const at = await make({ terms: { dayQuotaRequest: 50, monthQuotaRequest: 50 } });
    for (let i = 0; i < 30; i += 1) await expectVerdict(at, 'valid');
    await ward.kill();
    await ward.spawn();
    assert.deepEqual(await usage(at), [30, 30, 30, 30]);
    for (let i = 0; i < 20; i += 1) await expectVerdict(at, 'valid');
    await expectVerdict(at, 'quota_exceeded');
});
