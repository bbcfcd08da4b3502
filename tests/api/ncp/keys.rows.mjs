// API keys: contracts/ncp.md 1, 2, 2.1, 4.4, 5.
const TEN = ['apiKeyId', 'tenantId', 'apiKeyName', 'apiKeyDescription', 'primaryKey', 'secondaryKey', 'modifier', 'isEnabled', 'modTime', 'domainCode'];
const EIGHT = TEN.filter((name) => !name.endsWith('Key'));
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const GONE = [300, 'API key not found.'];
const create = (more = {}, save = { k: 'apiKey.apiKeyId', primary: 'apiKey.primaryKey', secondary: 'apiKey.secondaryKey' }) => ({ call: 'POST /api-keys', body: { apiKeyName: 'n', ...more }, expect: 201, save });
const whole = { // what a key must be, whatever it was made with
    apiKeyId: /^[a-z0-9]{10}$/, tenantId: '{tenantId}', primaryKey: /^[A-Za-z0-9]{40}$/, secondaryKey: /^[A-Za-z0-9]{40}$/, modTime: TIME, domainCode: 'PUB',
};

const badCreates = [ // [body, details]
    [{}, 'apiKeyName is required.'], [{ apiKeyName: '' }, 'apiKeyName must have at least 1 characters.'], [{ apiKeyName: 'x'.repeat(21) }, 'apiKeyName must have at most 20 characters.'],
    [{ apiKeyName: '키'.repeat(21) }, 'apiKeyName must have at most 20 characters.'], [{ apiKeyName: '😀'.repeat(21) }, 'apiKeyName must have at most 20 characters.'],
    [{ apiKeyName: null }, 'apiKeyName must be a string.'], [{ apiKeyName: 5 }, 'apiKeyName must be a string.'], [{ apiKeyName: ['n'] }, 'apiKeyName must be a string.'], [{ apiKeyName: true }, 'apiKeyName must be a string.'],
    [{ apiKeyName: 'a\u0000b' }, 'apiKeyName holds characters that are not allowed.'], [{ apiName: 7 }, 'apiKeyName must be a string.'], [{ apiKeyName: 7, apiName: 'n' }, 'apiKeyName must be a string.'],
    [{ apiKeyName: 'n', apiKeyDescription: 'x'.repeat(51) }, 'apiKeyDescription must have at most 50 characters.'], [{ apiKeyName: 'n', apiKeyDescription: '키'.repeat(51) }, 'apiKeyDescription must have at most 50 characters.'],
    [{ apiKeyName: 'n', apiKeyDescription: 5 }, 'apiKeyDescription must be a string.'], [{ apiKeyName: 'n', apiKeyDescription: {} }, 'apiKeyDescription must be a string.'],
];
const badEdits = [
    [{ apiKeyName: 'm' }, 'isEnabled is required.'], [{ isEnabled: true }, 'apiKeyName is required.'], [{ apiKeyName: 'm', isEnabled: 'true' }, 'isEnabled must be true or false.'],
    [{ apiKeyName: 'm', isEnabled: 1 }, 'isEnabled must be true or false.'], [{ apiKeyName: 'm', isEnabled: null }, 'isEnabled must be true or false.'],
    [{ apiKeyName: '', isEnabled: true }, 'apiKeyName must have at least 1 characters.'], [{ apiKeyName: 'x'.repeat(21), isEnabled: true }, 'apiKeyName must have at most 20 characters.'],
    [{ apiKeyName: 'm', isEnabled: true, apiKeyDescription: 'x'.repeat(51) }, 'apiKeyDescription must have at most 50 characters.'], [{ apiKeyName: 'm', isEnabled: true, apiKeyDescription: 7 }, 'apiKeyDescription must be a string.'],
];
const badTypes = [[{}, 'keyType is required.'], [{ keyType: 'primary' }, 'keyType must be one of: PRIMARY, SECONDARY.'], [{ keyType: 'BOTH' }, 'keyType must be one of: PRIMARY, SECONDARY.'], [{ keyType: '' }, 'keyType must be one of: PRIMARY, SECONDARY.'],
    [{ keyType: null }, 'keyType must be a string.'], [{ keyType: 1 }, 'keyType must be a string.'], [{ keyType: ['PRIMARY'] }, 'keyType must be a string.']];
const badBodies = [['[]', 'body must be a JSON object.'], ['"text"', 'body must be a JSON object.'], ['5', 'body must be a JSON object.'], ['null', 'body must be a JSON object.'], ['true', 'body must be a JSON object.']];
const malformed = ['{', '{"apiKeyName":"n"', '{"apiKeyName":"n",}', '{"apiKeyName":"n"}}', "{'apiKeyName':'n'}", '{"apiKeyName":"n","apiKeyName":"m"}', 'apiKeyName=n', '\ufeff{"apiKeyName":"n"}', '{"apiKeyName":"\\ud800"}'];
const badPages = [['limit=0', 'limit must be at least 1.'], ['limit=-1', 'limit must be a whole number.'], ['limit=x', 'limit must be a whole number.'], ['limit=1.5', 'limit must be a whole number.'], ['limit=', 'limit must be a whole number.'],
    ['limit=9223372036854775808', 'limit must be a whole number.'], ['limit=99999999999999999999', 'limit must be a whole number.'], ['offset=-1', 'offset must be a whole number.'], ['offset=one', 'offset must be a whole number.'],
    ['offset=9223372036854775808', 'offset must be a whole number.'], ['offset=%2B1', 'offset must be a whole number.'], [`apiKeyName=${'x'.repeat(21)}`, 'apiKeyName must have at most 20 characters.'], ['apiKeyName=%FF', 'apiKeyName holds characters that are not allowed.']];

export default [
    // ---- create
    { name: 'create', rows: ['5.1 create', '2 members', '2 apiKeyId', '2 tenantId', '2 values', '2 modifier', '2 isEnabled', '2 domainCode', '2 no regTime', '1 times', '1 media type'], steps: [
        { call: 'POST /api-keys', body: { apiKeyName: 'first', apiKeyDescription: 'of all' }, expect: 201, order: ['apiKey'], orderOf: { apiKey: TEN }, match: { apiKey: { ...whole, apiKeyName: 'first', apiKeyDescription: 'of all', modifier: '{adminId}', isEnabled: true } } },
    ] },
    { name: 'an absent or null description is ""', rows: ['5.1 description', '2 description'], steps: [
        { ...create(), match: { apiKey: { apiKeyDescription: '' } } }, { ...create({ apiKeyDescription: null }), match: { apiKey: { apiKeyDescription: '' } } }, { ...create({ apiKeyDescription: '' }), match: { apiKey: { apiKeyDescription: '' } } },
    ] },
    { name: 'lengths in characters', rows: ['1 lengths', '2 name', '2 description', '5.1 name'], steps: [
        ...['x', 'x'.repeat(19), 'x'.repeat(20), '키'.repeat(20), '😀'.repeat(20), ' ', 'a b/c?d#e%', '"\\\n'].map((apiKeyName) => ({ ...create({ apiKeyName }), match: { apiKey: { apiKeyName: (got) => got === apiKeyName } } })),
        ...['x'.repeat(49), 'x'.repeat(50), '키'.repeat(50), '😀'.repeat(50)].map((apiKeyDescription) => ({ ...create({ apiKeyDescription }), match: { apiKey: { apiKeyDescription } } })),
    ] },
    { name: 'names need not be unique, ids and values are', rows: ['5.1 name', '2 unique'], steps: [
        create({}, { k: 'apiKey.apiKeyId', p: 'apiKey.primaryKey', s: 'apiKey.secondaryKey' }),
        { ...create(), match: { apiKey: (key, v) => key.apiKeyId !== v.k && new Set([key.primaryKey, key.secondaryKey, v.p, v.s]).size === 4 } },
        { call: 'GET /api-keys', expect: 200, match: { total: 2, apiKeys: [{ apiKeyName: 'n' }, { apiKeyName: 'n' }] } },
    ] },
    { name: 'apiName as alias', rows: ['2.1 alias', '2.1 both', '2.1 answer'], steps: [
        { call: 'POST /api-keys', body: { apiName: 'alias' }, expect: 201, orderOf: { apiKey: TEN }, match: { apiKey: { apiKeyName: 'alias' } }, save: { k: 'apiKey.apiKeyId' } },
        { call: 'POST /api-keys', body: { apiName: 'loses', apiKeyName: 'wins' }, expect: 201, match: { apiKey: { apiKeyName: 'wins' } } },
        { call: 'PUT /api-keys/{k}', body: { apiName: 'again', isEnabled: true }, expect: 200, orderOf: { apiKey: TEN }, match: { apiKey: { apiKeyName: 'again' } } },
        { call: 'PUT /api-keys/{k}', body: { apiName: 'loses', apiKeyName: 'wins', isEnabled: true }, expect: 200, match: { apiKey: { apiKeyName: 'wins' } } },
    ] },
    { name: 'unknown members are ignored', rows: ['1 unknown members'], steps: [
        { call: 'POST /api-keys', body: { apiKeyName: 'n', primaryKey: 'mine', apiKeyId: '0123456789', isEnabled: false, other: { deep: [1] } }, expect: 201, match: { apiKey: { ...whole, isEnabled: true } } },
    ] },
    { name: 'bad creates', rows: ['4.4 400', '5.1 name', '4.4 nothing changed', '4.2 codes'], steps: badCreates.map(([body, details]) => ({ call: 'POST /api-keys', body, error: [100, details], unchanged: true })) },
    { name: 'bodies that are no object', rows: ['1 bodies', '4.4 400', '4.4 nothing changed'], steps: [
        create(),
        ...badBodies.flatMap(([text, details]) => [['POST', '/api-keys'], ['PUT', '/api-keys/{k}'], ['PATCH', '/api-keys/{k}'], ['POST', '/api-keys/search']].map(([method, path]) => ({ call: `${method} ${path}`, text, error: [100, details], unchanged: true }))),
        ...malformed.map((text) => ({ call: 'POST /api-keys', text, expect: 400, match: { error: { errorCode: '100', message: 'Bad Request Exception', details: /^body cannot be read: .+\.$/ } }, unchanged: true })),
        { call: 'POST /api-keys', text: '', error: [100, 'apiKeyName is required.'] }, { call: 'POST /api-keys', error: [100, 'apiKeyName is required.'] }, { call: 'POST /api-keys', text: ' \r\n', error: [100, 'apiKeyName is required.'] },
        { call: 'POST /api-keys', bytes: Buffer.from('{"apiKeyName":"\xff"}', 'latin1'), expect: 400, match: { error: { errorCode: '100' } }, unchanged: true },
    ] },
    { name: 'invalid UTF-8', rows: ['1 utf-8'], steps: [
        ...['\xff', '\xc3', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80'].map((bytes) => ({ call: 'POST /api-keys', bytes: Buffer.from(`{"apiKeyName":"${bytes}"}`, 'latin1'), expect: 400, match: { error: { errorCode: '100', message: 'Bad Request Exception' } }, unchanged: true })),
        { call: 'GET /api-keys?apiKeyName=%C3', error: [100, 'apiKeyName holds characters that are not allowed.'] },
    ] },
    { name: 'a body over 64 KiB', rows: ['4.4 413', '4.2 codes'], steps: [
        { call: 'POST /api-keys', text: `{"apiKeyName":"n"${' '.repeat(65536 - 18)}}`, expect: 201 },
        { call: 'POST /api-keys', text: `{"apiKeyName":"n"${' '.repeat(65536 - 17)}}`, error: [430, 'The request body is too large.'], unchanged: true },
        { call: 'POST /api-keys', text: 'x'.repeat(300_000), error: [430, 'The request body is too large.'], unchanged: true },
        { call: 'PUT /api-keys/{unknown}', text: 'x'.repeat(70_000), error: [430, 'The request body is too large.'] },
    ] },

    // ---- list
    { name: 'list', rows: ['5.2 list', '5.2 order', '1 total', '1 initialCount'], steps: [
        { call: 'GET /api-keys', expect: 200, exact: '{"apiKeys":[],"total":0,"initialCount":0}' },
        create({ apiKeyName: 'one' }), { move: 1500 }, create({ apiKeyName: 'two' }), { move: 1500 }, create({ apiKeyName: 'three' }),
        { call: 'GET /api-keys', expect: 200, order: ['apiKeys', 'total', 'initialCount'], orderOf: { 'apiKeys.0': EIGHT }, match: { apiKeys: [{ apiKeyName: 'three' }, { apiKeyName: 'two' }, { apiKeyName: 'one' }], total: 3, initialCount: 3 } },
    ], clock: true },
    { name: 'rows of one moment keep an order', rows: ['5.2 order'], steps: [
        create(), create(), create(), { call: 'GET /api-keys', expect: 200, save: { all: '' } },
        { call: 'GET /api-keys', expect: 200, match: (body, v) => JSON.stringify(body) === JSON.stringify(v.all) },
        { call: 'GET /api-keys?offset=1&limit=1', expect: 200, match: { apiKeys: (rows, v) => rows.length === 1 && rows[0].apiKeyId === v.all.apiKeys[1].apiKeyId } },
    ] },
    { name: 'filter', rows: ['5.2 filter', '1 total', '1 initialCount'], steps: [
        create({ apiKeyName: 'demo one' }), create({ apiKeyName: 'Demo two' }), create({ apiKeyName: 'a%_b' }), create({ apiKeyName: '키 a+b' }), create({ apiKeyName: '[x]*?' }),
        ...[['demo', 1], ['Demo', 1], ['emo', 2], ['', 5], ['%25_', 1], ['%25', 1], ['_', 1], ['%ED%82%A4%20a%2Bb', 1], ['a+b', 0], ['%5Bx%5D*%3F', 1], ['*', 1], ['nobody', 0], ["'", 0]]
            .map(([text, total]) => ({ call: `GET /api-keys?apiKeyName=${text}`, expect: 200, match: { total, initialCount: 5, apiKeys: (rows) => rows.length === total } })),
        { call: `GET /api-keys?apiKeyName=${'x'.repeat(20)}`, expect: 200, match: { total: 0 } },
    ] },
    { name: 'paging', rows: ['1 paging', '1 paging range', '1 total'], steps: [
        create({ apiKeyName: 'a' }), create({ apiKeyName: 'b' }), create({ apiKeyName: 'c' }),
        ...[['', 3], ['limit=1', 1], ['limit=2', 2], ['limit=3', 3], ['limit=4', 3], ['offset=1', 2], ['offset=2&limit=5', 1], ['offset=3', 0], ['offset=0&limit=1', 1], ['offset=9223372036854775807', 0], ['limit=9223372036854775807', 3],
            ['offset=9223372036854775807&limit=9223372036854775807', 0], ['limit=0001', 1], ['other=1', 3]]
            .map(([query, count]) => ({ call: `GET /api-keys?${query}`, expect: 200, match: { total: 3, initialCount: 3, apiKeys: (rows) => rows.length === count } })),
    ] },
    { name: 'bad pages', rows: ['1 paging 400', '4.4 400'], steps: badPages.map(([query, details]) => ({ call: `GET /api-keys?${query}`, error: [100, details] })) },

    // ---- get
    { name: 'get', rows: ['5.3 get', '2 members', '1 bodyless type'], steps: [
        create(),
        { call: 'GET /api-keys/{k}', headers: { 'content-type': 'application/json' }, expect: 200, order: TEN, match: { ...whole, apiKeyId: '{k}', primaryKey: '{primary}', secondaryKey: '{secondary}', modifier: '{adminId}', isEnabled: true } },
        { call: 'GET /api-keys/{k}?x=1', as: 'viewer', expect: 200, match: { primaryKey: '{primary}' } },
    ] },
    { name: 'ids that are nobody\'s', rows: ['4.4 404', '4.4 nothing changed'], steps: [
        { call: 'POST /api-keys', as: 'foreign', body: { apiKeyName: 'theirs' }, expect: 201, save: { foreign: 'apiKey.apiKeyId', theirs: 'apiKey.primaryKey' } },
        create(), { call: 'DELETE /api-keys/{k}', expect: 204, empty: true },
        ...['{unknown}', '{foreign}', '{k}', 'UPPERCASE0', 'short', 'much-too-long-for-an-id', 'x%20y', '%E2%82%AC', '{theirs}', "'"].flatMap((id) => [
            { call: `GET /api-keys/${id}`, error: GONE }, { call: `PUT /api-keys/${id}`, body: { apiKeyName: 'm', isEnabled: false }, error: GONE, unchanged: true },
            { call: `PATCH /api-keys/${id}`, body: { keyType: 'PRIMARY' }, error: GONE, unchanged: true }, { call: `DELETE /api-keys/${id}`, error: GONE, unchanged: true },
            { call: `GET /api-keys/${id}/products`, error: GONE },
        ]),
        { call: 'GET /api-keys/{foreign}', as: 'foreign', expect: 200, match: { apiKeyName: 'theirs', primaryKey: '{theirs}', isEnabled: true } },
        { call: 'GET /api-keys', expect: 200, match: { total: 0, initialCount: 0 } },
        { call: 'PUT /api-keys/{foreign}', body: {}, error: [100, 'apiKeyName is required.'] },
    ] },
    { name: 'a pair of one project sees that project only', rows: ['4.4 404'], steps: [
        create(), { call: 'POST /api-keys', as: 'narrow', body: { apiKeyName: 'of second' }, expect: 201, save: { s: 'apiKey.apiKeyId' } },
        { call: 'GET /api-keys', as: 'narrow', expect: 200, match: { total: 1, initialCount: 1, apiKeys: [{ apiKeyName: 'of second' }] } },
        { call: 'GET /api-keys/{k}', as: 'narrow', error: GONE }, { call: 'GET /api-keys/{s}', expect: 200 }, { call: 'GET /api-keys', expect: 200, match: { total: 2 } },
    ] },

    // ---- edit
    { name: 'edit', rows: ['5.4 edit', '2 modifier', '1 times'], clock: true, steps: [
        { ...create({ apiKeyDescription: 'd' }), save: { k: 'apiKey.apiKeyId', primary: 'apiKey.primaryKey', secondary: 'apiKey.secondaryKey', at: 'apiKey.modTime' } }, { move: 2000 },
        { call: 'PUT /api-keys/{k}', as: 'user', body: { apiKeyName: 'new', isEnabled: false, apiKeyDescription: 'e' }, expect: 200, order: ['apiKey'], orderOf: { apiKey: TEN },
            match: { apiKey: { ...whole, apiKeyId: '{k}', apiKeyName: 'new', apiKeyDescription: 'e', isEnabled: false, primaryKey: '{primary}', secondaryKey: '{secondary}', modifier: '{userId}', modTime: (time, v) => TIME.test(time) && time > v.at } } },
        { call: 'GET /api-keys/{k}', expect: 200, match: { apiKeyName: 'new', apiKeyDescription: 'e', isEnabled: false, modifier: '{userId}' } },
    ] },
    { name: 'descriptions in an edit', rows: ['5.4 description'], steps: [
        create({ apiKeyDescription: 'kept' }),
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'n', isEnabled: true }, expect: 200, match: { apiKey: { apiKeyDescription: 'kept' } } },
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'n', isEnabled: true, apiKeyDescription: null }, expect: 200, match: { apiKey: { apiKeyDescription: '' } } },
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'n', isEnabled: true, apiKeyDescription: 'back' }, expect: 200, match: { apiKey: { apiKeyDescription: 'back' } } },
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'n', isEnabled: true, apiKeyDescription: '' }, expect: 200, match: { apiKey: { apiKeyDescription: '' } } },
    ] },
    { name: 'bad edits', rows: ['5.4 required', '4.4 400', '4.4 nothing changed'], steps: [
        create({ apiKeyDescription: 'd' }), ...badEdits.map(([body, details]) => ({ call: 'PUT /api-keys/{k}', body, error: [100, details], unchanged: true })),
        { call: 'GET /api-keys/{k}', expect: 200, match: { apiKeyName: 'n', apiKeyDescription: 'd', isEnabled: true, primaryKey: '{primary}' } },
    ] },

    // ---- regenerate
    { name: 'regenerate', rows: ['5.5 regenerate', '2 values'], steps: [
        create(),
        { call: 'PATCH /api-keys/{k}', body: { keyType: 'PRIMARY' }, expect: 200, order: ['apiKey'], orderOf: { apiKey: TEN }, match: { apiKey: { ...whole, apiKeyName: 'n', secondaryKey: '{secondary}', primaryKey: (value, v) => /^[A-Za-z0-9]{40}$/.test(value) && value !== v.primary } }, save: { second: 'apiKey.primaryKey' } },
        { call: 'PATCH /api-keys/{k}', body: { keyType: 'SECONDARY' }, expect: 200, match: { apiKey: { primaryKey: '{second}', secondaryKey: (value, v) => value !== v.secondary && value !== v.second } }, save: { fourth: 'apiKey.secondaryKey' } },
        { call: 'GET /api-keys/{k}', expect: 200, match: { primaryKey: '{second}', secondaryKey: '{fourth}' } },
    ] },
    { name: 'a disabled key is regenerated and stays disabled', rows: ['5.5 disabled'], steps: [
        create(), { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'n', isEnabled: false }, expect: 200 },
        { call: 'PATCH /api-keys/{k}', body: { keyType: 'PRIMARY' }, expect: 200, match: { apiKey: { isEnabled: false } } }, { call: 'GET /api-keys/{k}', expect: 200, match: { isEnabled: false } },
    ] },
    { name: 'bad key types', rows: ['5.5 keyType', '4.4 400', '4.4 nothing changed'], steps: [
        create(), ...badTypes.map(([body, details]) => ({ call: 'PATCH /api-keys/{k}', body, error: [100, details], unchanged: true })),
        { call: 'GET /api-keys/{k}', expect: 200, match: { primaryKey: '{primary}', secondaryKey: '{secondary}' } },
    ] },

    // ---- delete
    { name: 'delete', rows: ['5.6 delete', '4.4 404', '1 bodyless type'], steps: [
        create(), { call: 'DELETE /api-keys/{k}', headers: { 'content-type': 'application/json' }, expect: 204, empty: true },
        { call: 'DELETE /api-keys/{k}', error: GONE }, { call: 'GET /api-keys/{k}', error: GONE }, { call: 'GET /api-keys', expect: 200, match: { total: 0, initialCount: 0 } },
    ] },
    { name: 'subscriptions go with the key', rows: ['5.6 cascade'], steps: [
        create(), { call: 'POST /products', body: { productName: 'p', subscriptionCode: 'PUBLIC' }, expect: 201, save: { p: 'product.productId' } },
        { call: 'POST /api-keys/{k}/subscribe', body: { productId: '{p}' }, expect: 200, empty: true }, { call: 'GET /products/{p}/overview', expect: 200, match: { apiKeyCountInfo: { accepted: 1, total: 1 } } },
        { call: 'DELETE /api-keys/{k}', expect: 204 }, { call: 'GET /products/{p}/overview', expect: 200, match: { apiKeyCountInfo: { accepted: 0, total: 0 } } },
        { call: 'POST /products/{p}/api-keys/search', body: {}, expect: 200, match: { apiKeyPage: { total: 0 } } },
    ] },

    // ---- the other surfaces
    { name: 'made here: read, listed and verified there', rows: ['one model'], steps: [
        create({ apiKeyName: 'shared' }),
        ...['{primary}', '{secondary}'].flatMap((value) => [
            { call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 200, match: { name: 'shared', isActive: true } },
            { call: 'GET /v1/authorize', surface: 'native', headers: { 'x-api-key': value }, expect: 200 },
            { call: 'POST /v1/verify', surface: 'native', headers: { 'x-api-key': '{accessKey}' }, body: { key: value }, expect: 200, match: { verdict: 'valid', key: { id: '{k}', name: 'shared' } } },
        ]),
        { call: 'GET /api-keys/{primary}', surface: 'theauthapi', expect: 200, match: { key: '{primary}', name: 'shared', isActive: true } },
        { call: 'GET /api-keys?projectId={projectId}', surface: 'theauthapi', expect: 200, match: [{ key: '{primary}', name: 'shared' }] },
    ] },
    { name: 'made here: changed, disabled and replaced there', rows: ['one model'], steps: [
        create(),
        { call: 'PATCH /api-keys/{primary}', surface: 'theauthapi', body: { name: 'renamed' }, expect: 200 }, { call: 'GET /api-keys/{k}', expect: 200, match: { apiKeyName: 'renamed', primaryKey: '{primary}', secondaryKey: '{secondary}' } },
        { call: 'DELETE /api-keys/{primary}', surface: 'theauthapi', expect: 200 }, { call: 'GET /api-keys/{k}', expect: 200, match: { isEnabled: false } },
        ...['{primary}', '{secondary}'].map((value) => ({ call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 404 })),
        { call: 'PATCH /api-keys/{primary}/reactivate', surface: 'theauthapi', expect: 200 }, { call: 'GET /api-keys/{k}', expect: 200, match: { isEnabled: true } },
        ...['{primary}', '{secondary}'].map((value) => ({ call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 200 })),
        { call: 'POST /api-keys/{primary}/rotate', surface: 'theauthapi', expect: 201, save: { rotated: 'key' } },
        { call: 'POST /api-keys/auth/{primary}', surface: 'theauthapi', expect: 404 }, { call: 'POST /api-keys/auth/{rotated}', surface: 'theauthapi', expect: 200 },
    ] },
    { name: 'made there: read, changed, replaced and deleted here', rows: ['one model', '5.5 regenerate'], steps: [
        { call: 'POST /api-keys', surface: 'theauthapi', body: { name: 'theirs', projectId: '{projectId}', customUserId: 'u' }, expect: 201, save: { value: 'key' } },
        { call: 'GET /api-keys', expect: 200, match: { total: 1, apiKeys: [{ apiKeyName: 'theirs' }] }, save: { k: 'apiKeys.0.apiKeyId' } },
        { call: 'GET /api-keys/{k}', expect: 200, order: TEN, match: { primaryKey: '{value}', secondaryKey: '', isEnabled: true, apiKeyDescription: '' } },
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'ours', isEnabled: true, apiKeyDescription: 'd' }, expect: 200, match: { apiKey: { primaryKey: '{value}' } } },
        { call: 'GET /api-keys/{value}', surface: 'theauthapi', expect: 200, match: { name: 'ours', customUserId: 'u' } },
        { call: 'PATCH /api-keys/{k}', body: { keyType: 'SECONDARY' }, expect: 200, match: { apiKey: { primaryKey: '{value}', secondaryKey: /^[A-Za-z0-9]{40}$/ } }, save: { secondary: 'apiKey.secondaryKey' } },
        ...['{value}', '{secondary}'].map((value) => ({ call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 200, match: { name: 'ours' } })),
        { call: 'PATCH /api-keys/{k}', body: { keyType: 'PRIMARY' }, expect: 200, save: { primary: 'apiKey.primaryKey' } },
        { call: 'POST /api-keys/auth/{value}', surface: 'theauthapi', expect: 404 },
        ...['{primary}', '{secondary}'].flatMap((value) => [{ call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 200 }, { call: 'GET /v1/authorize', surface: 'native', headers: { 'x-api-key': value }, expect: 200 }]),
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'ours', isEnabled: false }, expect: 200 },
        ...['{primary}', '{secondary}'].flatMap((value) => [{ call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 404 }, { call: 'GET /v1/authorize', surface: 'native', headers: { 'x-api-key': value }, expect: 401 }]),
        { call: 'PUT /api-keys/{k}', body: { apiKeyName: 'ours', isEnabled: true }, expect: 200 }, { call: 'POST /api-keys/auth/{primary}', surface: 'theauthapi', expect: 200 },
        { call: 'DELETE /api-keys/{k}', expect: 204 },
        ...['{primary}', '{secondary}'].flatMap((value) => [{ call: `POST /api-keys/auth/${value}`, surface: 'theauthapi', expect: 404 }, { call: 'GET /v1/authorize', surface: 'native', headers: { 'x-api-key': value }, expect: 401 },
            { call: `GET /api-keys/${value}`, surface: 'theauthapi', expect: 404 }, { call: `PATCH /api-keys/${value}/reactivate`, surface: 'theauthapi', expect: 404 }]),
    ] },
    { name: 'a regenerated value stops at once', rows: ['5.5 regenerate', 'one model'], steps: [
        create(), { call: 'POST /api-keys/auth/{secondary}', surface: 'theauthapi', expect: 200 },
        { call: 'PATCH /api-keys/{k}', body: { keyType: 'SECONDARY' }, expect: 200, save: { fresh: 'apiKey.secondaryKey' } },
        { call: 'POST /api-keys/auth/{secondary}', surface: 'theauthapi', expect: 404 }, { call: 'POST /api-keys/auth/{fresh}', surface: 'theauthapi', expect: 200 }, { call: 'POST /api-keys/auth/{primary}', surface: 'theauthapi', expect: 200 },
    ] },
];
