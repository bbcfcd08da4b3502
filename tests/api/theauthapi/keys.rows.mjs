// API keys: contracts/theauthapi.md sections 1.3 to 3.5, without the authenticate calls (authenticate.rows.mjs).
const ORDER = ['key', 'name', 'customMetaData', 'customAccountId', 'customUserId', 'env', 'createdAt', 'updatedAt', 'isActive', 'expiresAt', 'rateLimitConfigs', 'creationContext'];
const NOT_FOUND = '{"statusCode":404,"message":"Invalid client key","error":"Not Found"}';
const ROLE = '{"statusCode":403,"message":"Invalid roles for this account","error":"Forbidden"}';
const UNAUTHORIZED = '{"statusCode":401,"message":"Unauthorized"}';
const TAKEN = '{"statusCode":409,"message":"API key already exists","error":"Conflict"}';
const ACTIVE = '{"statusCode":409,"message":"API key is already active","error":"Conflict"}';
const NAME = '{"statusCode":400,"message":["name must be longer than or equal to 1 characters","name must be a string"],"error":"Bad Request"}';
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const create = (more = {}, save = { k: 'key' }) => ({ call: 'POST /api-keys', body: { name: 'n', projectId: '{projectId}', ...more }, expect: 201, save });
const list400 = { match: { statusCode: 400, message: (m) => Array.isArray(m) && m.every((t) => typeof t === 'string'), error: 'Bad Request' } };
const text400 = { match: { statusCode: 400, message: (m) => typeof m === 'string' && m.length > 0, error: 'Bad Request' } };

const badBodies = [ // one member wrong at a time: [body, a sentence it must hold]
    [{ name: 5 }, 'name must be a string'], [{ name: '' }, 'name must be longer than or equal to 1 characters'],
    [{ name: null }, 'name must be a string'], [{ name: 'x'.repeat(256) }, /name must be shorter/],
    [{ name: 'a\u0000b' }, /name/], [{ customMetaData: [] }, 'customMetaData must be an object'],
    [{ customMetaData: 'x' }, 'customMetaData must be an object'], [{ customMetaData: null }, 'customMetaData must be an object'],
    [{ customMetaData: { a: 'x'.repeat(17000) } }, /customMetaData/], [{ customAccountId: 7 }, 'customAccountId must be a string'],
    [{ customUserId: {} }, 'customUserId must be a string'], [{ customUserId: 'x'.repeat(256) }, /customUserId must be shorter/],
    [{ expiry: 'tomorrow' }, 'expiry must be a valid ISO 8601 date string'], [{ expiry: 1700000000 }, 'expiry must be a valid ISO 8601 date string'],
    [{ expiry: '2023-02-29' }, 'expiry must be a valid ISO 8601 date string'], [{ expiry: '' }, 'expiry must be a valid ISO 8601 date string'],
    [{ rateLimitConfigs: [] }, /rateLimitConfigs must be an object/], [{ rateLimitConfigs: {} }, /rateLimitConfigs\.rateLimit/],
    [{ rateLimitConfigs: { rateLimit: 1 } }, /rateLimitConfigs\.rateLimitTtl/], [{ rateLimitConfigs: { rateLimitTtl: 1 } }, /rateLimitConfigs\.rateLimit /],
    [{ rateLimitConfigs: { rateLimit: 0, rateLimitTtl: 1 } }, 'rateLimitConfigs.rateLimit must not be less than 1'],
    [{ rateLimitConfigs: { rateLimit: -1, rateLimitTtl: 1 } }, 'rateLimitConfigs.rateLimit must not be less than 1'],
    [{ rateLimitConfigs: { rateLimit: 1.5, rateLimitTtl: 1 } }, 'rateLimitConfigs.rateLimit must be an integer number'],
    [{ rateLimitConfigs: { rateLimit: '1', rateLimitTtl: 1 } }, 'rateLimitConfigs.rateLimit must be an integer number'],
    [{ rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 0 } }, 'rateLimitConfigs.rateLimitTtl must not be less than 1'],
    [{ allowedDomains: 'a.example' }, 'allowedDomains must be an array'], [{ allowedDomains: [5] }, /allowedDomains/],
    [{ allowedDomains: ['http://a.example'] }, /allowedDomains/], [{ allowedDomains: ['a b'] }, /allowedDomains/],
];

export default [
    // ---- 1.1 the caller
    ...[['x-api-key', '{adminKey}'], ['api-key', '{adminKey}'], ['api_key', '{adminKey}'], ['access_key', '{adminKey}'], ['Authorization', '{adminKey}'],
        ['Authorization', 'Bearer {adminKey}'], ['X-API-KEY', '{adminKey}'], ['authorization', 'bearer {adminKey}']].map(([name, value]) => ({
        name: `access key in ${name}: ${value.split('{')[0]}`, rows: ['1.1 x-api-key', '1.1 spellings'],
        steps: [{ call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { [name]: value }, expect: 200, equal: [] }],
    })),
    { name: 'the same value twice', rows: ['1.1 twice'], steps: [{ call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { 'x-api-key': '{adminKey}', 'api-key': '{adminKey}' }, expect: 200 }] },
    { name: 'an empty header counts as absent', rows: ['1.1 empty'], steps: [
        { call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { 'x-api-key': '', 'api-key': '{adminKey}' }, expect: 200 },
        { call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { 'x-api-key': '' }, expect: 401, exact: UNAUTHORIZED },
    ] },
    { name: 'contradicting credentials', rows: ['1.1 differing'], steps: [
        { call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { 'x-api-key': '{adminKey}', 'api-key': '{userKey}' }, expect: 401, exact: UNAUTHORIZED },
        { call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { 'x-api-key': '{adminKey}', authorization: 'Bearer {userKey}' }, expect: 401, exact: UNAUTHORIZED },
    ] },
    { name: 'no, unknown, revoked access key', rows: ['1.1 401', '1.7 401', '4.5 reason'], steps: [
        { call: 'GET /api-keys?projectId={projectId}', as: 'nobody', expect: 401, exact: UNAUTHORIZED, has: ['www-authenticate'], reason: 'Unauthorized' },
        { call: 'GET /api-keys?projectId={projectId}', as: 'nobody', headers: { 'x-api-key': 'live_access_unknown' }, expect: 401, exact: UNAUTHORIZED },
        { call: 'POST /access-keys', body: { name: 'gone' }, expect: 201, save: { gone: 'key' } },
        { call: 'GET /projects', as: 'nobody', headers: { 'x-api-key': '{gone}' }, expect: 200 },
        { call: 'DELETE /access-keys/{gone}', expect: 200 },
        { call: 'GET /projects', as: 'nobody', headers: { 'x-api-key': '{gone}' }, expect: 401, exact: UNAUTHORIZED },
        create(), { call: 'GET /projects', as: 'nobody', headers: { 'x-api-key': '{k}' }, expect: 401, exact: UNAUTHORIZED },
    ] },

    // ---- 1.2 roles
    { name: 'viewer reads and may not write', rows: ['1.2 roles', '1.2 update', '1.2 write', '1.2 403', '1.7 403 role', '2.5 404', '2.6 404', '2.7 404'], steps: [
        create(),
        { call: 'GET /api-keys?projectId={projectId}', as: 'viewer', expect: 200 }, { call: 'GET /api-keys/{k}', as: 'viewer', expect: 200 },
        { call: 'POST /api-keys/auth/{k}', as: 'viewer', expect: 200 },
        { call: 'POST /api-keys', as: 'viewer', body: { name: 'n', projectId: '{projectId}' }, expect: 403, exact: ROLE, reason: 'Forbidden' },
        { call: 'PATCH /api-keys/{k}', as: 'viewer', body: { name: 'm' }, expect: 403, exact: ROLE },
        { call: 'POST /api-keys/{k}/rotate', as: 'viewer', expect: 403, exact: ROLE },
        { call: 'PATCH /api-keys/{k}/reactivate', as: 'viewer', expect: 403, exact: ROLE },
        { call: 'DELETE /api-keys/{k}', as: 'viewer', expect: 403, exact: ROLE },
        { call: 'GET /api-keys/{k}', expect: 200, match: { name: 'n', isActive: true } },
    ] },
    { name: 'user writes keys', rows: ['1.2 roles', '1.2 update', '1.2 write'], steps: [
        { call: 'POST /api-keys', as: 'user', body: { name: 'n', projectId: '{projectId}' }, expect: 201, save: { k: 'key' } },
        { call: 'PATCH /api-keys/{k}', as: 'user', body: { name: 'm' }, expect: 200 },
        { call: 'POST /api-keys/{k}/rotate', as: 'user', expect: 201, save: { r: 'key' } },
        { call: 'DELETE /api-keys/{r}', as: 'user', expect: 200 }, { call: 'PATCH /api-keys/{r}/reactivate', as: 'user', expect: 200 },
    ] },
    { name: 'without a role: 403 everywhere', rows: ['1.2 read', '2.8 403'], steps: [
        create(),
        ...['GET /api-keys?projectId={projectId}', 'GET /api-keys/{k}', 'POST /api-keys/auth/{k}', 'GET /api-keys/auth/{k}', 'GET /projects', 'GET /accounts', 'GET /access-keys?accountId={accountId}',
            'DELETE /api-keys/{k}', 'POST /api-keys/{k}/rotate', 'PATCH /api-keys/{k}/reactivate'].map((call) => ({ call, as: 'none', expect: 403, exact: ROLE })),
        { call: 'POST /auth/authenticate', as: 'none', body: { credentials: { api_key: '{k}' } }, expect: 403, exact: ROLE },
    ] },
    { name: 'a key of another project is 403, not 404', rows: ['1.2 foreign', '1.3 project scope'], steps: [
        create({ projectId: '{otherId}' }),
        ...['GET /api-keys/{k}', 'POST /api-keys/auth/{k}', 'GET /api-keys/auth/{k}', 'DELETE /api-keys/{k}', 'POST /api-keys/{k}/rotate', 'PATCH /api-keys/{k}/reactivate']
            .map((call) => ({ call, as: 'project', expect: 403, exact: ROLE })),
        { call: 'PATCH /api-keys/{k}', as: 'project', body: { name: 'm' }, expect: 403, exact: ROLE },
        { call: 'PATCH /api-keys/{k}', as: 'project', body: {}, expect: 403, exact: ROLE },
        { call: 'GET /api-keys/{k}', expect: 200, match: { name: 'n', isActive: true } },
    ] },

    // ---- 1.3 scope
    { name: 'project-level access key uses its own project', rows: ['1.3 project scope', '2.2 project'], steps: [
        { call: 'POST /api-keys', as: 'project', body: { name: 'mine' }, expect: 201, save: { k: 'key' } },
        { call: 'GET /api-keys', as: 'project', expect: 200, match: [{ key: (v, all) => v === all.k }] },
        { call: 'GET /api-keys/', as: 'project', expect: 200, match: [{ name: 'mine' }] },
        { call: 'GET /api-keys?projectId={projectId}', as: 'project', expect: 200, match: [{ name: 'mine' }] },
        { call: 'GET /api-keys?projectId={otherId}', as: 'project', expect: 403, exact: ROLE },
        { call: 'POST /api-keys', as: 'project', body: { name: 'n', projectId: '{otherId}' }, expect: 403, exact: ROLE },
        { call: 'GET /api-keys', as: 'other', expect: 200, equal: [] },
    ] },
    { name: 'account-level access key must name the project', rows: ['1.3 account scope', '1.3 create', '2.1 400', '2.2 project'], steps: [
        { call: 'GET /api-keys', expect: 400, match: { statusCode: 400, error: 'Bad Request' } },
        { call: 'POST /api-keys', body: { name: 'n' }, expect: 400, match: { statusCode: 400, error: 'Bad Request' } },
    ] },
    { name: 'a project outside the scope', rows: ['1.3 outside'], steps: [{ call: 'GET /api-keys?projectId={foreignProject}', expect: 403, exact: ROLE },
        { call: 'POST /api-keys', body: { name: 'n', projectId: '{foreignProject}' }, expect: 403, exact: ROLE }] },
    { name: 'a malformed or unknown project', rows: ['1.3 unknown', '2.1 400'], steps: ['{unknownId}', 'nonsense', '%20'].flatMap((id) => [
        { call: `GET /api-keys?projectId=${id}`, expect: 400, match: { statusCode: 400, error: 'Bad Request' } },
        { call: 'POST /api-keys', body: { name: 'n', projectId: id }, expect: 400, match: { statusCode: 400, error: 'Bad Request' } }]) },

    // ---- 1.4 forms
    { name: 'live and test keys', rows: ['1.4 env', '1.4 key format', '1.4 ids'], steps: [
        { ...create(), match: { key: /^live_[A-Za-z0-9]{64}$/, env: 'live' } },
        { call: 'POST /api-keys', body: { name: 'n', projectId: '{testId}' }, expect: 201, match: { key: /^test_[A-Za-z0-9]{64}$/, env: 'test' } },
        { call: 'GET /projects/{projectId}', expect: 200, match: { id: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, accountId: /^[0-9a-f-]{36}$/ } },
    ] },
    { name: 'access keys of live and test projects', rows: ['1.4 access key format'], steps: [
        { call: 'POST /access-keys', body: { name: 'a' }, expect: 201, match: { key: /^live_access_[A-Za-z0-9]{64}$/, env: 'live' } },
        { call: 'POST /access-keys', body: { name: 'a', projectId: '{testId}' }, expect: 201, match: { key: /^test_access_[A-Za-z0-9]{64}$/, env: 'test' } },
    ] },
    { name: 'custom keys are stored verbatim', rows: ['1.4 custom', '1.5 charset', '1.5 path', '2.2 key'], steps: ['basic_key_1', 'a', '~', '!"$&\'()*+,-.:;<=>@[]^_`{|}~', 'x'.repeat(200)].flatMap((value, index) => {
        const key = index < 3 ? `${value}{unique}` : index === 4 ? value + '{unique}' : `{unique}${value}`;
        return [{ ...create({ key }), match: { key: (v, all) => v.includes(all.unique) } },
            { call: 'GET /api-keys/{k}', headers: {}, expect: 200, prepare: encodeURIComponent, match: { key: (v, all) => v === all.k } }].slice(0, index === 3 ? 1 : 2);
    }) },
    { name: 'percent-escapes in the path are decoded', rows: ['1.5 path'], steps: [create({ key: 'p{unique}"q' }), { call: 'GET /api-keys/p{unique}%22q', expect: 200, match: { key: (v, all) => v === `p${all.unique}"q` } },
        { call: 'GET /api-keys/%70{unique}%22%71', expect: 200 }, { call: 'POST /api-keys/auth/p{unique}%22q', expect: 200, match: { key: (v, all) => v === `p${all.unique}"q` } }] },
    { name: 'refused custom keys', rows: ['1.5 charset', '1.7 400 list'], steps: ['', 'a b', 'a/b', 'a?b', 'a#b', 'a%b', 'a\\b', 'é', 'tab\t', 'x'.repeat(256)].flatMap((key) => [
        { call: 'POST /api-keys', body: { name: 'n', projectId: '{projectId}', key }, expect: 400, ...list400 }]) },
    { name: 'a key named auth', rows: ['1.5 auth'], steps: [{ call: 'GET /api-keys/auth', expect: 404, exact: NOT_FOUND }, create({ key: 'auth' }), { call: 'GET /api-keys/auth', expect: 200, match: { key: 'auth' } }, { call: 'POST /api-keys/auth/auth', expect: 200, match: { key: 'auth' } }] },

    // ---- 1.6 routing
    { name: 'trailing slash', rows: ['1.6 slash', '1.6 empty query'], steps: [
        { call: 'POST /api-keys/', body: { name: 'n', projectId: '{projectId}' }, expect: 201, save: { k: 'key' } },
        { call: 'GET /api-keys/{k}/', expect: 200 }, { call: 'GET /api-keys/?', as: 'project', expect: 200, match: [{ name: 'n' }] }, { call: 'PATCH /api-keys/{k}/', body: { name: 'm' }, expect: 200 } ] },
    { name: 'unknown query parameters', rows: ['1.6 unknown query'], steps: [{ call: 'GET /api-keys?0=a&1=b&2=c', as: 'project', expect: 200, equal: [] }, { call: 'GET /api-keys?0=a&1=b', expect: 400 }] },
    { name: 'unknown members', rows: ['1.6 unknown member'], steps: [create({ nonsense: 1, rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 2, rateLimitedEntity: 'ApiKey' } }),
        { call: 'GET /api-keys/{k}', expect: 200, match: { rateLimitConfigs: (v) => JSON.stringify(v) === '{"rateLimit":1,"rateLimitTtl":2}' } }] },
    { name: 'body-less calls', rows: ['1.6 bodyless'], steps: [create(),
        { call: 'POST /api-keys/auth/{k}', headers: { 'content-type': 'application/x-www-form-urlencoded' }, expect: 200 }, { call: 'POST /api-keys/auth/{k}', body: {}, expect: 200 },
        { call: 'POST /api-keys/auth/{k}', text: 'nonsense', headers: { 'content-type': 'text/plain' }, expect: 200 },
        { call: 'POST /api-keys/{k}/rotate', headers: { 'content-type': 'application/x-www-form-urlencoded' }, expect: 201 },
        { call: 'PATCH /api-keys/{k}/reactivate', text: '{broken', headers: { 'content-type': 'application/json' }, expect: 200 } ] },
    { name: 'wrong method, unknown path', rows: ['1.6 404', '8 404', '1.7 objects'], steps: [
        { call: 'GET /nonsense', as: 'nobody', expect: 404, exact: '{"statusCode":404,"message":"Cannot GET /nonsense","error":"Not Found"}', reason: 'Not Found' },
        { call: 'PUT /api-keys', body: {}, expect: 404, exact: '{"statusCode":404,"message":"Cannot PUT /api-keys","error":"Not Found"}' },
        { call: 'GET /api-keys/a/b/c', expect: 404, match: { message: 'Cannot GET /api-keys/a/b/c' } },
        { call: 'POST /api-keys/a', expect: 404, match: { message: 'Cannot POST /api-keys/a' } },
        ...['GET /webhooks', 'POST /webhooks', 'GET /webhooks/topics', 'POST /webhooks/ping', 'GET /analytics/project-totals', 'GET /analytics/api-key-totals', 'PATCH /users/x', 'GET /user-roles', 'GET /teammates',
            'POST /invitations', 'GET /invitations', 'POST /auth/login', 'POST /auth/signup', 'GET /notifications', 'POST /accounts/{accountId}/users'].map((call) => ({ call, expect: 404, match: { statusCode: 404, message: /^Cannot /, error: 'Not Found' } })) ] },
    { name: 'malformed JSON', rows: ['1.6 malformed', '1.7 400 text'], steps: ['{', '{"name":}', '{"name":"a","name":"b"}', 'name=x', '{"name":"\\ud800"}', '{"name":01}', '[1', `${'['.repeat(100)}${']'.repeat(100)}`, '{"name":"a"} x', `{"a":${'1'.repeat(80)}}`].map((text) => (
        { call: 'POST /api-keys', text, headers: { 'content-type': 'application/json' }, expect: 400, ...text400 })) },
    { name: 'bodies that are no object', rows: ['1.6 malformed', '1.7 400 text'], steps: ['[]', '"x"', '5', 'null', 'true'].map((text) => (
        { call: 'POST /api-keys', text, headers: { 'content-type': 'application/json' }, expect: 400, match: { statusCode: 400, error: 'Bad Request' } })) },
    { name: 'bad percent escapes', rows: ['1.6 malformed', '4.3 undefined'], steps: [
        ...['GET /api-keys/%', 'GET /api-keys/%zz', 'POST /api-keys/auth/%4', 'GET /api-keys/%00', 'GET /api-keys/a%2fb', 'GET /api-keys/%2e%2e'].map((call) => ({ call, expect: 400, ...text400 })),
        { call: 'POST /api-keys/auth/undefined', expect: 404, exact: NOT_FOUND }, { call: 'POST /api-keys/auth/', expect: 404 } ] },
    { name: 'a body over 100 KiB', rows: ['1.6 413'], steps: [
        { call: 'POST /api-keys', text: `{"name":"${'x'.repeat(102400)}"}`, headers: { 'content-type': 'application/json' }, expect: 413, exact: '{"statusCode":413,"message":"request entity too large"}' },
        { call: 'POST /api-keys', text: `{"name":"n","projectId":"{projectId}","pad":"${'x'.repeat(90000)}"}`, headers: { 'content-type': 'application/json' }, expect: 201 } ] },
    { name: 'invalid UTF-8', rows: ['1.6 malformed'], steps: [{ call: 'GET /api-keys/%ff', expect: 404, exact: NOT_FOUND }, { call: 'POST /api-keys/auth/%c3%28', expect: 404, exact: NOT_FOUND }] },

    // ---- 1.7 order of checks
    { name: 'order: route, 401, 403, 400, 404, 409', rows: ['1.7 order'], steps: [
        { call: 'PUT /api-keys/x', as: 'nobody', expect: 404, match: { message: /^Cannot/ } },
        { call: 'POST /api-keys', as: 'nobody', text: '{', headers: { 'content-type': 'application/json' }, expect: 401 },
        { call: 'POST /api-keys', as: 'viewer', text: '{', headers: { 'content-type': 'application/json' }, expect: 403, exact: ROLE },
        { call: 'PATCH /api-keys/{unique}', as: 'viewer', body: { name: '' }, expect: 403, exact: ROLE },
        { call: 'PATCH /api-keys/{unique}', body: { name: '' }, expect: 400 }, { call: 'PATCH /api-keys/{unique}', body: { name: 'n', key: 'auth' }, expect: 404, exact: NOT_FOUND },
        create({ key: 'o{unique}' }), create({}, { b: 'key' }), { call: 'PATCH /api-keys/{b}', body: { name: '', key: 'o{unique}' }, expect: 400 },
        { call: 'PATCH /api-keys/{b}', body: { name: 'n', key: 'o{unique}' }, expect: 409, exact: TAKEN, reason: 'Conflict' } ] },
    { name: 'validation messages', rows: ['1.7 400 list', '2.2 name', '2.4 name'], steps: [
        { call: 'POST /api-keys', body: { projectId: '{projectId}' }, expect: 400, exact: NAME, reason: 'Bad Request' }, { call: 'POST /api-keys', body: { projectId: '{projectId}', name: '' }, expect: 400, ...list400 },
        create(), { call: 'PATCH /api-keys/{k}', body: { customUserId: 'x' }, expect: 400, exact: NAME }, { call: 'PATCH /api-keys/{k}', expect: 400, exact: NAME } ] },
    ...badBodies.map(([body, sentence]) => ({
        name: `400: ${JSON.stringify(body).slice(0, 70)}`, rows: ['1.7 400 list', '3.4 400', '3.1 forms', '2.2 metadata', '2.2 ids', '2.2 limit', '2.2 domains'],
        steps: [
            { call: 'POST /api-keys', body: { name: 'n', projectId: '{projectId}', ...body }, expect: 400, match: { statusCode: 400, message: (m) => Array.isArray(m) && m.some((t) => (sentence instanceof RegExp ? sentence.test(t) : t === sentence)), error: 'Bad Request' } },
            create({ key: 'u{unique}', customUserId: 'before' }),
            { call: 'PATCH /api-keys/{k}', body: { name: 'changed', ...body }, expect: 400, match: { statusCode: 400, message: (m) => Array.isArray(m) && m.some((t) => (sentence instanceof RegExp ? sentence.test(t) : t === sentence)) } },
            { call: 'GET /api-keys/{k}', expect: 200, match: { name: 'n', customUserId: 'before' } },
        ],
    })),
    { name: 'several problems at once, in member order', rows: ['1.7 400 list'], steps: [{ call: 'POST /api-keys', body: { projectId: '{projectId}', name: 1, customUserId: 2 }, expect: 400, match: { message: (m) => m.includes('name must be a string') && m.indexOf('customUserId must be a string') > m.indexOf('name must be a string') } }] },

    // ---- 1.8 the object
    { name: 'the ApiKey object', rows: ['1.8 members', '1.8 null', '1.8 times', '1.8 expiresAt', '1.8 projectId', '2.2 201', '1.7 objects'], steps: [
        { ...create(), order: ORDER, match: { name: 'n', customAccountId: null, customUserId: null, env: 'live', createdAt: ISO, updatedAt: (v, all) => ISO.test(v), isActive: true, expiresAt: null, rateLimitConfigs: null,
            customMetaData: (v) => JSON.stringify(v) === '{}', creationContext: (v) => JSON.stringify(v) === '{}' }, save: { k: 'key', c: 'createdAt', u: 'updatedAt' } },
        { call: 'GET /api-keys/{k}', expect: 200, order: ORDER, match: { createdAt: (v, all) => v === all.c && v === all.u, updatedAt: (v, all) => v === all.u } },
        { call: 'POST /api-keys/auth/{k}', expect: 200, order: ORDER } ] },
    { name: 'a full object', rows: ['1.8 creationContext', '1.8 allowedDomains', '2.2 metadata', '2.2 ids', '2.2 context', '2.2 domains', '2.2 limit', '2.2 expiry', '3.1 output'], steps: [
        { ...create({ customMetaData: { a: [1, { b: null }] }, customAccountId: 'acc', customUserId: 'usr', expiry: '2034-11-04T17:16:00.000Z', rateLimitConfigs: { rateLimit: 10, rateLimitTtl: 60 }, clientIP: '192.0.2.1', clientUserAgent: 'ua', allowedDomains: ['a.example', '*.b.example'] }),
            match: { customMetaData: { a: [1, { b: null }] }, customAccountId: 'acc', customUserId: 'usr', expiresAt: '2034-11-04T17:16:00.000Z', rateLimitConfigs: { rateLimit: 10, rateLimitTtl: 60 }, creationContext: { clientIP: '192.0.2.1', clientUserAgent: 'ua' }, allowedDomains: ['a.example', '*.b.example'] } },
        { ...create({ clientIP: '192.0.2.1' }), match: { creationContext: (v) => JSON.stringify(v) === '{"clientIP":"192.0.2.1"}' } } ] },
    { name: 'metadata to the letter', rows: ['3.3 verbatim', '2.2 metadata'], steps: [
        { call: 'POST /api-keys', text: '{"name":"n","projectId":"{projectId}","customMetaData":{"z":1.0,"a":12345678901234567890,"e":1e2,"n":-0,"s":"\\u00e9\\n","o":{"y":1,"x":[]},"big":1E400}}', headers: { 'content-type': 'application/json' }, expect: 201, save: { k: 'key' } },
        ...['GET /api-keys/{k}', 'POST /api-keys/auth/{k}'].map((call) => ({ call, expect: 200, verbatim: '"customMetaData":{"z":1.0,"a":12345678901234567890,"e":1e2,"n":-0,"s":"\\u00e9\\n","o":{"y":1,"x":[]},"big":1E400},' })) ] },
    { name: 'isActive cannot be set', rows: ['3.2 isActive'], steps: [{ ...create({ isActive: false }), match: { isActive: true } }, { call: 'PATCH /api-keys/{k}', body: { name: 'n', isActive: false }, expect: 200, match: { isActive: true } }] },

    // ---- 2.1 list
    { name: 'lists: filters', rows: ['2.1 array', '2.1 null', '2.1 undefined', '2.1 name', '2.1 exact'], steps: [
        { call: 'GET /api-keys', as: 'project', expect: 200, exact: '[]' },
        create({ name: 'Alpha', customAccountId: 'A', customUserId: 'U' }, { a: 'key' }), create({ name: 'alpha', customAccountId: 'A' }, { b: 'key' }), create({ name: 'ÄBC', customUserId: 'U' }, { c: 'key' }),
        ...[['', 'abc'], ['name=ALPHA', 'ab'], ['name=alph', ''], ['name=%C3%A4bc', 'c'], ['customAccountId=A', 'ab'], ['customAccountId=a', ''], ['customAccountId=null', 'c'], ['customUserId=null', 'b'], ['customUserId=U', 'ac'],
            ['customUserId=undefined', 'abc'], ['customAccountId=undefined&name=undefined', 'abc'], ['customAccountId=A&customUserId=U', 'a'], ['customAccountId=A&customUserId=null', 'b'], ['name=alpha&customUserId=U', 'a']]
            .map(([query, names]) => ({ call: `GET /api-keys?projectId={projectId}&${query}`, expect: 200, 
                // of one millisecond in the order of their values: which these are is another row's business
                match: (body, all) => `${body.map((k) => k.key).sort()}` === `${[...names].map((n) => all[n]).sort()}` })) ] },
    { name: 'lists: isActive', rows: ['2.1 isActive', '2.1 inactive', '2.1 default', '2.5 soft'], steps: [
        create({ name: 'on' }), create({ name: 'off' }, { o: 'key' }), { call: 'DELETE /api-keys/{o}', expect: 200 },
        ...[['', 'on'], ['isActive=true', 'on'], ['isActive=True', 'on'], ['isActive=TRUE', 'on'], ['isActive=false', 'off'], ['isActive=False', 'off']].map(([query, name]) => ({ call: `GET /api-keys?projectId={projectId}&${query}`, expect: 200, match: [{ name, isActive: name === 'on' }] })),
        ...['isActive=1', 'isActive=yes', 'isActive='].map((query) => ({ call: `GET /api-keys?projectId={projectId}&${query}`, expect: 400, match: { statusCode: 400, error: 'Bad Request' } })) ] },
    { name: 'lists: paging and order', rows: ['2.1 paging', '2.1 order'], steps: [
        ...[0, 1, 2, 3, 4].map((n) => create({ name: `k${n}` })),
        ...[['', '01234'], ['limit=2', '01'], ['limit=2&offset=2', '23'], ['offset=4', '4'], ['offset=9', ''], ['limit=0', ''], ['limit=99', '01234']].map(([query, names]) => ({ call: `GET /api-keys?projectId={projectId}&${query}`, expect: 200,
            match: (body) => body.length === names.length && body.every((k, i) => i === 0 || body[i - 1].createdAt < k.createdAt || (body[i - 1].createdAt === k.createdAt && body[i - 1].key < k.key)) })),
        ...['limit=-1', 'limit=x', 'offset=1.5', 'offset=-2', 'limit=99999999999999999999'].map((query) => ({ call: `GET /api-keys?projectId={projectId}&${query}`, expect: 400, match: { statusCode: 400, error: 'Bad Request' } })) ] },

    // ---- 2.2 create
    { name: 'a value is taken once, in any project, active or not', rows: ['2.2 409', '3.3 reuse', '1.7 409'], steps: [
        create({ key: 'c{unique}' }), { call: 'POST /api-keys', body: { name: 'n', projectId: '{projectId}', key: 'c{unique}' }, expect: 409, exact: TAKEN },
        { call: 'POST /api-keys', body: { name: 'n', projectId: '{otherId}', key: 'c{unique}' }, expect: 409, exact: TAKEN },
        { call: 'DELETE /api-keys/c{unique}', expect: 200 }, { call: 'POST /api-keys', body: { name: 'n', projectId: '{otherId}', key: 'c{unique}' }, expect: 409, exact: TAKEN } ] },
    { name: 'expiry null on create', rows: ['2.2 expiry'], steps: [{ ...create({ expiry: null, rateLimitConfigs: null, customUserId: null, customAccountId: null, allowedDomains: null }), order: ORDER, match: { expiresAt: null, rateLimitConfigs: null } }] },
    ...[['2050-01-01', '2050-01-01T00:00:00.000Z'], ['2034-11-04T17:16:00.000Z', '2034-11-04T17:16:00.000Z'], ['2033-09-01 00:00:00', '2033-09-01T00:00:00.000Z'], ['2033-09-01T12:00:00+02:00', '2033-09-01T10:00:00.000Z'],
        ['2033-09-01T12:00:00-0530', '2033-09-01T17:30:00.000Z'], ['2033-09-01T12:00:00', '2033-09-01T12:00:00.000Z'], ['2033-09-01T12:00:00.5Z', '2033-09-01T12:00:00.500Z'], ['2033-09-01T12:00:00.123456Z', '2033-09-01T12:00:00.123Z']].map(([sent, shown]) => (
        { name: `expiry ${sent}`, rows: ['3.1 forms', '3.1 output'], steps: [{ ...create({ expiry: sent }), match: { expiresAt: shown } }] })),

    // ---- 2.3 get
    { name: 'get', rows: ['2.3 200', '2.3 free', '2.3 404', '1.7 404'], steps: [
        create({ rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 600 } }), ...[1, 2, 3].map(() => ({ call: 'GET /api-keys/{k}', expect: 200, lacks: ['ratelimit-limit'] })), { call: 'POST /api-keys/auth/{k}', expect: 200, header: { 'ratelimit-consumed': '1' } },
        { call: 'GET /api-keys/{k}', expect: 200 }, { call: 'GET /api-keys/nope{unique}', expect: 404, exact: NOT_FOUND }, { call: 'DELETE /api-keys/{k}', expect: 200 }, { call: 'GET /api-keys/{k}', expect: 404, exact: NOT_FOUND } ] },

    // ---- 2.4 update
    { name: 'update', rows: ['2.4 200', '2.4 keep', '2.4 metadata', '2.4 null', '3.1 clear'], steps: [
        create({ customMetaData: { a: 1, b: 2 }, customAccountId: 'A', customUserId: 'U', expiry: '2040-01-01', rateLimitConfigs: { rateLimit: 5, rateLimitTtl: 60 }, allowedDomains: ['a.example'] }, { k: 'key', u: 'updatedAt', c: 'createdAt' }),
        { call: 'PATCH /api-keys/{k}', body: { name: 'm' }, expect: 200, match: { key: (v, all) => v === all.k, name: 'm', customMetaData: { a: 1, b: 2 }, customAccountId: 'A', customUserId: 'U', expiresAt: '2040-01-01T00:00:00.000Z', rateLimitConfigs: { rateLimit: 5, rateLimitTtl: 60 }, allowedDomains: ['a.example'],
            updatedAt: (v, all) => v > all.u, createdAt: (v, all) => v === all.c }, save: { u: 'updatedAt' } },
        { call: 'PATCH /api-keys/{k}', body: { name: 'm', customMetaData: { c: 3 } }, expect: 200, match: { customMetaData: (v) => JSON.stringify(v) === '{"c":3}', updatedAt: (v, all) => v > all.u } },
        { call: 'PATCH /api-keys/{k}', body: { name: 'm', customAccountId: null, customUserId: null, expiry: null, rateLimitConfigs: null, allowedDomains: null }, expect: 200, order: ORDER, match: { customAccountId: null, customUserId: null, expiresAt: null, rateLimitConfigs: null } },
        { call: 'PATCH /api-keys/{k}', body: { name: 'z', customAccountId: 'B', expiry: '2041-01-01', rateLimitConfigs: { rateLimit: 7, rateLimitTtl: 70 } }, expect: 200, match: { name: 'z', customAccountId: 'B', customUserId: null, expiresAt: '2041-01-01T00:00:00.000Z', rateLimitConfigs: { rateLimit: 7, rateLimitTtl: 70 } } },
        { call: 'GET /api-keys/{k}', expect: 200, match: { name: 'z', customAccountId: 'B' } }, { call: 'POST /api-keys/auth/{k}', expect: 200, match: { name: 'z', customAccountId: 'B' } } ] },
    { name: 'update of an inactive key', rows: ['2.4 404'], steps: [create(), { call: 'DELETE /api-keys/{k}', expect: 200 }, { call: 'PATCH /api-keys/{k}', body: { name: 'm' }, expect: 404, exact: NOT_FOUND }, { call: 'PATCH /api-keys/never{unique}', body: { name: 'm' }, expect: 404, exact: NOT_FOUND }] },
    { name: 'rename', rows: ['2.4 rename', '2.4 409'], steps: [
        create({ key: 'old{unique}', rateLimitConfigs: { rateLimit: 3, rateLimitTtl: 600 } }), { call: 'POST /api-keys/auth/{k}', expect: 200, header: { 'ratelimit-consumed': '1' } },
        { call: 'PATCH /api-keys/{k}', body: { name: 'n', key: 'new{unique}' }, expect: 200, match: { key: (v, all) => v === `new${all.unique}` } },
        { call: 'GET /api-keys/old{unique}', expect: 404, exact: NOT_FOUND }, { call: 'POST /api-keys/auth/old{unique}', expect: 404, exact: NOT_FOUND },
        { call: 'POST /api-keys/auth/new{unique}', expect: 200, header: { 'ratelimit-consumed': '2' } },
        { call: 'PATCH /api-keys/new{unique}', body: { name: 'same', key: 'new{unique}' }, expect: 200, match: { name: 'same' } },
        create({ key: 'two{unique}' }, { t: 'key' }), { call: 'PATCH /api-keys/{t}', body: { name: 'n', key: 'new{unique}' }, expect: 409, exact: TAKEN }, { call: 'POST /api-keys/auth/{t}', expect: 200 },
        { call: 'PATCH /api-keys/{t}', body: { name: 'n', key: 'old{unique}' }, expect: 200 }, { call: 'POST /api-keys/auth/old{unique}', expect: 200 } ] },

    // ---- 2.5 - 2.7
    { name: 'delete', rows: ['2.5 true', '2.5 soft', '2.5 404'], steps: [create(), { call: 'DELETE /api-keys/{k}', expect: 200, exact: 'true' }, { call: 'DELETE /api-keys/{k}', expect: 404, exact: NOT_FOUND }, { call: 'DELETE /api-keys/none{unique}', expect: 404, exact: NOT_FOUND },
        { call: 'POST /api-keys/auth/{k}', expect: 404, exact: NOT_FOUND }, { call: 'GET /api-keys?projectId={projectId}&isActive=false', expect: 200, match: [{ isActive: false, key: (v, all) => v === all.k }] }] },
    { name: 'reactivate', rows: ['2.6 200', '2.6 409', '2.6 404', '1.7 409'], steps: [
        create({ expiry: '2044-01-01' }, { k: 'key', u: 'updatedAt' }), { call: 'PATCH /api-keys/{k}/reactivate', expect: 409, exact: ACTIVE }, { call: 'DELETE /api-keys/{k}', expect: 200 },
        { call: 'PATCH /api-keys/{k}/reactivate', expect: 200, match: { isActive: true, updatedAt: (v, all) => v > all.u, expiresAt: '2044-01-01T00:00:00.000Z' } }, { call: 'POST /api-keys/auth/{k}', expect: 200 }, { call: 'PATCH /api-keys/{k}', body: { name: 'again' }, expect: 200 },
        { call: 'PATCH /api-keys/{k}/reactivate', expect: 409, exact: ACTIVE }, { call: 'PATCH /api-keys/none{unique}/reactivate', expect: 404, exact: NOT_FOUND } ] },
    { name: 'reactivate after expiry', rows: ['2.6 expiry', '3.1 past'], steps: [{ ...create({ expiry: '2022-12-12' }), match: { expiresAt: '2022-12-12T00:00:00.000Z', isActive: false } }, { call: 'POST /api-keys/auth/{k}', expect: 404, exact: NOT_FOUND }, { call: 'GET /api-keys/{k}', expect: 404 },
        { call: 'GET /api-keys?projectId={projectId}', expect: 200, equal: [] }, { call: 'GET /api-keys?projectId={projectId}&isActive=false', expect: 200, match: [{ isActive: false }] },
        { call: 'PATCH /api-keys/{k}/reactivate', expect: 200, match: { isActive: true, expiresAt: null } }, { call: 'POST /api-keys/auth/{k}', expect: 200 }] },
    { name: 'rotate', rows: ['2.7 201', '2.7 old', '2.7 copied', '2.6 rotated', '2.7 404'], steps: [
        create({ key: 'r{unique}', name: 'rr', customMetaData: { m: 1 }, customAccountId: 'A', customUserId: 'U', expiry: '2040-01-01', rateLimitConfigs: { rateLimit: 2, rateLimitTtl: 600 }, allowedDomains: ['a.example'], clientIP: '192.0.2.9' }, { k: 'key', c: 'createdAt' }),
        { call: 'POST /api-keys/auth/{k}', headers: { 'x-origin-domain': 'a.example' }, expect: 200, header: { 'ratelimit-consumed': '1' } },
        { call: 'POST /api-keys/{k}/rotate', expect: 201, match: { key: /^live_[A-Za-z0-9]{64}$/, name: 'rr', customMetaData: { m: 1 }, customAccountId: 'A', customUserId: 'U', env: 'live', expiresAt: '2040-01-01T00:00:00.000Z', rateLimitConfigs: { rateLimit: 2, rateLimitTtl: 600 }, allowedDomains: ['a.example'],
            creationContext: { clientIP: '192.0.2.9' }, isActive: true, createdAt: (v, all) => v >= all.c, updatedAt: (v, all) => v >= all.c }, save: { r: 'key' } },
        { call: 'POST /api-keys/auth/{k}', headers: { 'x-origin-domain': 'a.example' }, expect: 404, exact: NOT_FOUND }, { call: 'GET /api-keys/{k}', expect: 404 },
        { call: 'POST /api-keys/auth/{r}', headers: { 'x-origin-domain': 'a.example' }, expect: 200, header: { 'ratelimit-consumed': '1' } },
        { call: 'POST /api-keys/{k}/rotate', expect: 404, exact: NOT_FOUND }, { call: 'POST /api-keys/none{unique}/rotate', expect: 404, exact: NOT_FOUND },
        { call: 'PATCH /api-keys/{k}/reactivate', expect: 200, match: { isActive: true } }, { call: 'POST /api-keys/auth/{k}', headers: { 'x-origin-domain': 'a.example' }, expect: 200 } ] },

    // ---- 3.1 expiry to the millisecond
    { name: 'expiry to the millisecond', rows: ['3.1 instant', '3.1 sweep'], clock: true, steps: [
        { wait: async (ward, all) => { all.soon = new Date(ward.now() + 3600_000).toISOString(); } },
        create({ expiry: '{soon}' }), create({ expiry: '{soon}' }, { s: 'key' }), { call: 'POST /api-keys/auth/{k}', expect: 200 }, { call: 'GET /api-keys?projectId={projectId}', expect: 200, match: (body) => body.length === 2 },
        { wait: async (ward, all) => { ward.moveClock(Date.parse(all.soon) - ward.now() - 1500); } }, { call: 'POST /api-keys/auth/{k}', expect: 200 },
        { move: 1600 }, { call: 'POST /api-keys/auth/{k}', expect: 404, exact: NOT_FOUND },
        ...['GET /api-keys/{k}', 'DELETE /api-keys/{k}', 'POST /api-keys/{k}/rotate', 'GET /api-keys/auth/{k}'].map((call) => ({ call, expect: 404, exact: NOT_FOUND })), { call: 'PATCH /api-keys/{k}', body: { name: 'm', expiry: null }, expect: 404, exact: NOT_FOUND },
        { call: 'GET /api-keys?projectId={projectId}', expect: 200, equal: [] }, { call: 'GET /api-keys?projectId={projectId}&isActive=false', expect: 200, match: (body) => body.length === 2 && body.every((k) => k.isActive === false) },
        { call: 'PATCH /api-keys/{k}/reactivate', expect: 200, match: { isActive: true, expiresAt: null } }, { call: 'POST /api-keys/auth/{k}', expect: 200 },
    ] },
];
