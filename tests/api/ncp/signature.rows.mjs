// Who calls: contracts/ncp.md 3, 4.3, 4.4.
const MISSING = [200, 'Authentication information are missing.'];
const WRONG = [200, 'Invalid authentication information.'];
const NO_URL = [300, 'URL not found.'];
const LIST = { call: 'GET /api-keys' };
const names = ['x-ncp-apigw-timestamp', 'x-ncp-iam-access-key', 'x-ncp-apigw-signature-v2'];
const MINUTES = 60_000;

export default [
    { name: 'a signed call is answered', rows: ['3 headers', '1 base', '1 media type'], steps: [{ ...LIST, expect: 200, exact: '{"apiKeys":[],"total":0,"initialCount":0}' }] },
    { name: 'header names are taken in any case', rows: ['3 headers'], steps: [{ ...LIST, shown: (h) => Object.entries(h).map(([name, value]) => [name.toUpperCase(), value]), expect: 200 }] },
    ...names.map((name) => ({ name: `without ${name}`, rows: ['4.3 missing', '3 headers', '4.1 body'], steps: [
        { ...LIST, shown: (h) => Object.entries(h).filter(([n]) => n !== name), error: MISSING },
        { ...LIST, shown: (h) => Object.entries({ ...h, [name]: '' }), error: MISSING },
    ] })),
    { name: 'without any header', rows: ['4.3 missing'], steps: [{ ...LIST, as: 'nobody', error: MISSING }, { ...LIST, as: 'nobody', shown: { 'x-api-key': '{accessKey}' }, error: MISSING }] },
    ...names.map((name) => ({ name: `${name} sent twice`, rows: ['3 repeated', '4.3 missing'], steps: [
        { ...LIST, shown: (h) => [...Object.entries(h), [name, h[name]]], error: MISSING }, // the same value
        { ...LIST, shown: (h) => [...Object.entries(h), [name, '1']], error: MISSING },
        { ...LIST, shown: (h) => [[name, ''], ...Object.entries(h)], error: MISSING },
    ] })),
    { name: 'unknown access key, wrong secret, another\'s secret', rows: ['4.3 wrong'], steps: [
        { ...LIST, sign: { accessKey: 'ncp_iam_00000000000000000000' }, error: WRONG },
        { ...LIST, sign: { secretKey: '0000000000000000000000000000000000000000' }, error: WRONG },
        { ...LIST, shown: (h) => Object.entries({ ...h, 'x-ncp-iam-access-key': 'ncp_iam_00000000000000000000' }), error: WRONG },
        { ...LIST, shown: (h) => Object.entries({ ...h, 'x-ncp-apigw-signature-v2': Buffer.alloc(32).toString('base64') }), error: WRONG },
    ] },
    { name: 'malformed signatures', rows: ['4.3 wrong'], steps: [
        ...['x', '='.repeat(44), 'A'.repeat(43), 'A'.repeat(45), 'A'.repeat(4000), '*'.repeat(44)].map((text) => ({ ...LIST, shown: (h) => Object.entries({ ...h, 'x-ncp-apigw-signature-v2': text }), error: WRONG })),
        { ...LIST, shown: (h) => Object.entries({ ...h, 'x-ncp-apigw-signature-v2': h['x-ncp-apigw-signature-v2'].replace('=', '') }), error: WRONG },
        { ...LIST, shown: (h) => Object.entries({ ...h, 'x-ncp-apigw-signature-v2': Buffer.from(h['x-ncp-apigw-signature-v2'], 'base64').toString('hex') }), error: WRONG },
    ] },
    { name: 'malformed access keys', rows: ['3 access key'], steps: ['a'.repeat(128), 'a'.repeat(129), 'a b', 'a.b', 'ä', "' OR 1=1 --"].map((accessKey) => ({ ...LIST, sign: { accessKey }, error: WRONG })) },
    { name: 'malformed time-stamps', rows: ['3 timestamp', '4.3 stale'], steps: ['0', '-1', '+1', '1e12', '0x10', 'now', '1717400000.5', '9'.repeat(19), '9'.repeat(20), '9223372036854775808'].map((text) => ({ ...LIST, shown: (h) => Object.entries({ ...h, 'x-ncp-apigw-timestamp': text }), error: WRONG })) },

    // ---- the clock
    ...[-299_000, 299_000, -4 * MINUTES, 4 * MINUTES].map((offset) => ({ name: `a time-stamp ${offset} ms off`, rows: ['3 clock'], steps: [{ ...LIST, sign: { offset }, expect: 200 }] })),
    ...[-301_000, 301_000, -6 * MINUTES, 6 * MINUTES, -365 * 24 * 60 * MINUTES, 365 * 24 * 60 * MINUTES].map((offset) => ({ name: `a time-stamp ${offset} ms off`, rows: ['3 clock', '4.3 stale'], steps: [{ ...LIST, sign: { offset }, error: WRONG }] })),
    { name: 'the server\'s clock decides', rows: ['3 clock'], steps: [{ move: 3600_000 }, { ...LIST, expect: 200 }, { ...LIST, sign: { offset: -3600_000 }, error: WRONG }] },

    // ---- the target
    { name: 'every byte of the target is signed', rows: ['3 raw target'], steps: [
        { call: 'GET /api-keys?offset=0&limit=20', expect: 200 },
        { call: 'GET /api-keys?offset=0&limit=20', sign: { target: '/api/v1/api-keys?limit=20&offset=0' }, error: WRONG }, // a moved parameter
        { call: 'GET /api-keys?limit=20', sign: { target: '/api/v1/api-keys' }, error: WRONG },
        { call: 'GET /api-keys', sign: { target: '/api/v1/api-keys?' }, error: WRONG },
        { call: 'GET /api-keys?', expect: 200 },
        { call: 'GET /api-keys?apiKeyName=%C3%A4', expect: 200 },
        { call: 'GET /api-keys?apiKeyName=%C3%A4', sign: { target: '/api/v1/api-keys?apiKeyName=%c3%a4' }, error: WRONG }, // hex digits of the other case
        { call: 'GET /api-keys?apiKeyName=%C3%A4', sign: { target: '/api/v1/api-keys?apiKeyName=ä' }, error: WRONG }, // signed decoded
        { call: 'GET /api-keys?apiKeyName=a%20b', sign: { target: '/api/v1/api-keys?apiKeyName=a+b' }, error: WRONG },
        { call: 'GET /api-keys?query1=&query2', expect: 200 },
        { call: 'GET /api-keys?query1=&query2', sign: { target: '/api/v1/api-keys?query1&query2' }, error: WRONG },
        { call: 'GET /api-keys', sign: { method: 'get' }, error: WRONG },
        { call: 'GET /api-keys', sign: { method: 'POST' }, error: WRONG },
    ] },
    { name: 'a re-encoded path is another one', rows: ['3 raw target'], steps: [
        { call: 'POST /api-keys', body: { apiKeyName: 'n' }, expect: 201, save: { k: 'apiKey.apiKeyId' } },
        { call: 'GET /%61pi-keys', error: NO_URL },
        { call: 'GET /api-keys/{k}', sign: { target: '/api/v1/api-keys/%{k}' }, error: WRONG },
        { call: 'GET /api-keys/{k}', sign: { target: '/api/v1//api-keys/{k}' }, error: WRONG }, // a doubled slash
    ] },
    { name: 'repeated slashes and one at the end', rows: ['5.5 slashes', '3 raw target'], steps: [
        { call: 'POST /api-keys/', body: { apiKeyName: 'n' }, expect: 201, save: { k: 'apiKey.apiKeyId' } },
        { call: 'PATCH //api-keys/{k}', body: { keyType: 'PRIMARY' }, expect: 200 },
        { call: 'GET //api/v1///api-keys//{k}//', raw: true, expect: 200 },
        { call: 'GET /api//v1/api-keys', raw: true, expect: 200 },
        { call: 'GET //api-keys/{k}', sign: { target: '/api/v1/api-keys/{k}' }, error: WRONG },
    ] },
    { name: 'body and other headers are not signed', rows: ['3 not covered', '3 replay'], steps: [
        { call: 'POST /api-keys', headers: { host: 'apigateway.apigw.ntruss.com', 'x-other': '1' }, body: { apiKeyName: 'any' }, expect: 201 },
        { call: 'GET /api-keys', headers: { 'content-type': 'application/json' }, expect: 200 },
    ] },
    { name: 'the v1 name is off', rows: ['3 v1'], steps: [{ ...LIST, shown: (h) => [['x-ncp-apigw-timestamp', h['x-ncp-apigw-timestamp']], ['x-ncp-iam-access-key', h['x-ncp-iam-access-key']], ['x-ncp-apigw-signature-v1', h['x-ncp-apigw-signature-v2']]], error: MISSING }] },

    // ---- auth before all else
    { name: 'auth comes before everything', rows: ['4.4 auth first', '1 404'], steps: [
        ...[['GET', '/nothing'], ['GET', ''], ['GET', '/api-keys/{unknown}'], ['DELETE', '/api-keys'], ['PATCH', '/products'], ['OPTIONS', '/api-keys'], ['GET', '/dashboards/api-keys']].map(([method, path]) => ({ call: `${method} ${path}`, as: 'nobody', error: MISSING })),
        { call: 'POST /api-keys', as: 'nobody', text: 'no json', error: MISSING },
        { call: 'POST /api-keys', sign: { secretKey: 'wrong' }, text: 'no json', error: WRONG, unchanged: true },
        { call: 'GET /nothing', sign: { secretKey: 'wrong' }, error: WRONG },
    ] },
    { name: 'unknown path, wrong method', rows: ['1 404', '4.2 codes'], steps: [
        ...[['GET', '/nothing'], ['GET', ''], ['GET', '/'], ['DELETE', '/api-keys'], ['PUT', '/api-keys'], ['POST', '/api-keys/{unknown}'], ['GET', '/api-keys/{unknown}/nothing'], ['PATCH', '/products'], ['OPTIONS', '/api-keys'],
            ['GET', '/usage-plans/search/x'], ['GET', '/api-keys/{unknown}/subscribe'], ['GET', '/dashboards/api-keys'], ['GET', `/api-keys/${'x'.repeat(300)}`]].map(([method, path]) => ({ call: `${method} ${path}`, error: NO_URL })),
    ] },
    { name: 'what the HTTP layer refuses has the same shape', rows: ['4.1 body', '4.2 codes'], steps: [
        { call: 'GET /api-keys/%zz', error: [100, 'The request is malformed.'] },
        { call: 'GET /api-keys/../api-keys', error: [100, 'The request is malformed.'] },
    ] },

    // ---- roles
    { name: 'a viewer reads and may not write', rows: ['4.4 read-only', '4.4 nothing changed'], steps: [
        { call: 'POST /api-keys', body: { apiKeyName: 'n' }, expect: 201, save: { k: 'apiKey.apiKeyId' } },
        { call: 'POST /products', body: { productName: 'p', subscriptionCode: 'PUBLIC' }, expect: 201, save: { p: 'product.productId' } },
        { call: 'POST /usage-plans', body: { usagePlanName: 'u' }, expect: 201, save: { u: 'usagePlan.usagePlanId' } },
        ...['GET /api-keys', 'GET /api-keys/{k}', 'GET /products', 'GET /products/{p}', 'GET /usage-plans/{u}', 'GET /products/{p}/overview'].map((call) => ({ call, as: 'viewer', expect: 200 })),
        ...[['POST /api-keys', { apiKeyName: 'n' }], ['PUT /api-keys/{k}', { apiKeyName: 'm', isEnabled: false }], ['PATCH /api-keys/{k}', { keyType: 'PRIMARY' }], ['DELETE /api-keys/{k}'],
            ['POST /products', { productName: 'p', subscriptionCode: 'PUBLIC' }], ['PATCH /products/{p}', { productName: 'q' }], ['DELETE /products/{p}'], ['POST /products/{p}/apis', { apiName: 'a' }],
            ['POST /usage-plans', { usagePlanName: 'u' }], ['PUT /usage-plans/{u}', { usagePlanName: 'v' }], ['DELETE /usage-plans/{u}'], ['POST /api-keys/{k}/subscribe', { productId: '{p}' }],
            ['PATCH /products/{p}/api-keys/{k}', { status: 'ACCEPTED' }]].map(([call, body]) => ({ call, as: 'viewer', ...(body && { body }), error: [210, 'The access key has no permission for this operation.'], unchanged: true })),
    ] },
    { name: 'without a role nothing is allowed', rows: ['4.4 read-only'], steps: ['GET /api-keys', 'GET /products'].map((call) => ({ call, as: 'none', error: [210, 'The access key has no permission for this operation.'] })) },
    { name: 'a user writes keys', rows: ['5.1 create'], steps: [{ call: 'POST /api-keys', as: 'user', body: { apiKeyName: 'n' }, expect: 201, save: { k: 'apiKey.apiKeyId' } }, { call: 'DELETE /api-keys/{k}', as: 'user', expect: 204, empty: true }] },
];
