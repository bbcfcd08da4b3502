// Products, APIs, stages, usage plans and subscriptions: contracts/ncp.md 5.7, 6, 6.1, 6.2, 6.3.
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ID = /^[a-z0-9]{10}$/;
const gone = (noun) => [300, `${noun} not found.`];
const bad = (details) => [100, details];
const key = (save = 'k', more = {}) => ({ call: 'POST /api-keys', body: { apiKeyName: 'n', ...more }, expect: 201, save: { [save]: 'apiKey.apiKeyId', [`${save}Primary`]: 'apiKey.primaryKey', [`${save}Secondary`]: 'apiKey.secondaryKey' } });
const product = (subscriptionCode = 'PUBLIC', save = 'p', more = {}) => ({ call: 'POST /products', body: { productName: 'shop', subscriptionCode, ...more }, expect: 201, save: { [save]: 'product.productId' } });
const api = (p = 'p', save = 'a', more = {}) => ({ call: `POST /products/{${p}}/apis`, body: { apiName: 'pets', ...more }, expect: 201, save: { [save]: 'api.apiId' } });
const STAGES = '/products/{p}/apis/{a}/stages';
const stage = (save = 's', more = {}) => ({ call: `POST ${STAGES}`, body: { stageName: 'v1', endpointDomain: 'https://example.com', ...more }, expect: 201, save: { [save]: 'stage.stageId' } });
const plan = (save = 'u', more = {}) => ({ call: 'POST /usage-plans', body: { usagePlanName: 'gold', ...more }, expect: 201, save: { [save]: 'usagePlan.usagePlanId' } });
const attach = (u = 'u', s = 's') => ({ call: `POST ${STAGES}/{${s}}/associate-usage-plan`, body: { usagePlanId: `{${u}}` }, expect: 204, empty: true });
const subscribe = (k = 'k', p = 'p') => ({ call: `POST /api-keys/{${k}}/subscribe`, body: { productId: `{${p}}` }, expect: 200, empty: true });
const decide = (status, k = 'k', p = 'p') => ({ call: `PATCH /products/{${p}}/api-keys/{${k}}`, body: { status }, expect: 204, empty: true });
const whole = [product(), api(), stage()]; // p, a, s
const foreign = [ // another tenant's: fp, fa, fs, fu, fk
    { ...product('PROTECTED', 'fp'), as: 'foreign' }, { call: 'POST /products/{fp}/apis', as: 'foreign', body: { apiName: 'f' }, expect: 201, save: { fa: 'api.apiId' } },
    { call: 'POST /products/{fp}/apis/{fa}/stages', as: 'foreign', body: { stageName: 'f', endpointDomain: 'https://example.com' }, expect: 201, save: { fs: 'stage.stageId' } },
    { ...plan('fu'), as: 'foreign' }, { ...key('fk'), as: 'foreign' },
];

const PRODUCT = ['productId', 'productName', 'productDescription', 'subscriptionCode', 'tenantId', 'domainCode', 'invokeId', 'isPublished', 'isDeleted', 'modifier', 'modTime', 'actionName', 'permission', 'disabled'];
const PLAN = ['usagePlanId', 'tenantId', 'usagePlanName', 'usagePlanDescription', 'rateRps', 'dayQuotaRequest', 'monthQuotaRequest', 'quotaCondition', 'associatedStagesCount', 'modifier', 'domainCode'];
const RELATION = ['apiId', 'apiName', 'stageId', 'stageName', 'apiKeyId', 'apiKeyName', 'usagePlanId', 'usagePlanName', 'dailyUsage', 'dayCallCount', 'monthlyUsage', 'monthCallCount', 'regTime', 'modTime', 'domainCode'];
const MAX = 9223372036854775807n;

const badProducts = [
    [{ subscriptionCode: 'PUBLIC' }, 'productName is required.'], [{ productName: '', subscriptionCode: 'PUBLIC' }, 'productName must have at least 1 characters.'], [{ productName: 'x'.repeat(101), subscriptionCode: 'PUBLIC' }, 'productName must have at most 100 characters.'],
    [{ productName: 5, subscriptionCode: 'PUBLIC' }, 'productName must be a string.'], [{ productName: 'p' }, 'subscriptionCode is required.'], [{ productName: 'p', subscriptionCode: 'public' }, 'subscriptionCode must be one of: PROTECTED, PUBLIC.'],
    [{ productName: 'p', subscriptionCode: 1 }, 'subscriptionCode must be a string.'], [{ productName: 'p', subscriptionCode: 'PUBLIC', description: 'x'.repeat(301) }, 'description must have at most 300 characters.'],
    [{ productName: 'p', subscriptionCode: 'PUBLIC', description: [] }, 'description must be a string.'],
];
const badApis = [[{}, 'apiName is required.'], [{ apiName: 'x'.repeat(21) }, 'apiName must have at most 20 characters.'], [{ apiName: 5 }, 'apiName must be a string.'], [{ apiName: 'a b' }, 'apiName holds characters that are not allowed.'], [{ apiName: 'ä' }, 'apiName holds characters that are not allowed.'],
    [{ apiName: 'a', apiDescription: 'x'.repeat(301) }, 'apiDescription must have at most 300 characters.'], [{ apiName: 'a', apiDescription: 1 }, 'apiDescription must be a string.']];
const ok = { stageName: 'v1', endpointDomain: 'https://example.com' };
const badStages = [ // [body, the member that the details name]
    [{ endpointDomain: ok.endpointDomain }, 'stageName'], [{ stageName: 'v1' }, 'endpointDomain'], [{ ...ok, stageName: 'x'.repeat(21) }, 'stageName'], [{ ...ok, stageName: 'v.1' }, 'stageName'], [{ ...ok, stageName: 1 }, 'stageName'],
    [{ ...ok, endpointDomain: 'ftp://example.com' }, 'endpointDomain'], [{ ...ok, endpointDomain: `https://${'x'.repeat(193)}` }, 'endpointDomain'], [{ ...ok, endpointDomain: 1 }, 'endpointDomain'],
    [{ ...ok, throttleRps: 0 }, 'throttleRps'], [{ ...ok, throttleRps: -1 }, 'throttleRps'], [{ ...ok, throttleRps: 2147483648 }, 'throttleRps'], [{ ...ok, throttleRps: '1' }, 'throttleRps'], [{ ...ok, throttleRps: 1.5 }, 'throttleRps'],
    [{ ...ok, cacheTtlSec: 0 }, 'cacheTtlSec'], [{ ...ok, cacheTtlSec: 3601 }, 'cacheTtlSec'], [{ ...ok, ipAclCode: 'DENIED' }, 'ipAclCode'], [{ ...ok, ipAclCode: 1 }, 'ipAclCode'],
    [{ ...ok, ipAclCode: 'ALLOWED', ipAclList: 'nobody' }, 'ipAclList'], [{ ...ok, ipAclCode: 'ALLOWED', ipAclList: '10.0.0.0/33' }, 'ipAclList'], [{ ...ok, ipAclList: 5 }, 'ipAclList'],
    [{ ...ok, ipAclCode: 'ALLOWED', ipAclList: Array(200).fill('10.0.0.1').join(',').padEnd(2001, ',10.0.0.1') }, 'ipAclList'],
    [{ ...ok, isMaintenance: 'true' }, 'isMaintenance'], [{ ...ok, statusCode: 'x' }, 'statusCode'], [{ ...ok, statusCode: 99 }, 'statusCode'], [{ ...ok, statusCode: 1000 }, 'statusCode'], [{ ...ok, response: 5 }, 'response'],
];
const badPlans = [
    [{}, 'usagePlanName is required.'], [{ usagePlanName: '' }, 'usagePlanName must have at least 1 characters.'], [{ usagePlanName: 'x'.repeat(46) }, 'usagePlanName must have at most 45 characters.'], [{ usagePlanName: 5 }, 'usagePlanName must be a string.'],
    [{ usagePlanName: 'u', usagePlanDescription: 'x'.repeat(51) }, 'usagePlanDescription must have at most 50 characters.'], [{ usagePlanName: 'u', usagePlanDescription: 5 }, 'usagePlanDescription must be a string.'],
    [{ usagePlanName: 'u', rateRps: 0 }, 'rateRps must be at least 1.'], [{ usagePlanName: 'u', rateRps: -1 }, 'rateRps must be at least 1.'], [{ usagePlanName: 'u', rateRps: 2147483648 }, 'rateRps must be at most 2147483647.'], [{ usagePlanName: 'u', rateRps: '5' }, 'rateRps must be a whole number.'], [{ usagePlanName: 'u', rateRps: 1.5 }, 'rateRps must be a whole number.'],
    [{ usagePlanName: 'u', dayQuotaRequest: 5 }, 'monthQuotaRequest is required.'], [{ usagePlanName: 'u', monthQuotaRequest: 5 }, 'dayQuotaRequest is required.'],
    [{ usagePlanName: 'u', dayQuotaRequest: -1, monthQuotaRequest: 5 }, 'dayQuotaRequest must be at least 0.'], [{ usagePlanName: 'u', dayQuotaRequest: 5, monthQuotaRequest: -1 }, 'monthQuotaRequest must be at least 0.'],
    [{ usagePlanName: 'u', dayQuotaRequest: '5', monthQuotaRequest: 5 }, 'dayQuotaRequest must be a whole number.'], [{ usagePlanName: 'u', dayQuotaRequest: 5, monthQuotaRequest: true }, 'monthQuotaRequest must be a whole number.'],
    [{ usagePlanName: 'u', quotaCondition: '2XX' }, 'quotaCondition must be one of: 2xx, 3xx, 4xx, 5xx, others.'], [{ usagePlanName: 'u', quotaCondition: '2xx,,3xx' }, 'quotaCondition must be one of: 2xx, 3xx, 4xx, 5xx, others.'], [{ usagePlanName: 'u', quotaCondition: 2 }, 'quotaCondition must be a string.'],
];

export default [
    // ---- 6.3 products
    { name: 'product', rows: ['6.3 product', '1 times'], steps: [
        { ...product('PROTECTED', 'p', { description: 'all of it' }), order: ['product'], orderOf: { product: PRODUCT }, match: { product: { productId: ID, productName: 'shop', productDescription: 'all of it', subscriptionCode: 'PROTECTED', tenantId: '{tenantId}', domainCode: 'PUB', isDeleted: false, modifier: '{adminId}', modTime: TIME } } },
        { call: 'GET /products/{p}', expect: 200, order: ['product'], orderOf: { product: PRODUCT }, match: { product: { productId: '{p}' } } },
        { call: 'PATCH /products/{p}', as: 'user', body: { productName: 'store', subscriptionCode: 'PUBLIC', description: 'part' }, expect: 204, empty: true },
        { call: 'GET /products/{p}', expect: 200, match: { product: { productName: 'store', subscriptionCode: 'PUBLIC', productDescription: 'part', modifier: '{userId}' } } },
        { call: 'PATCH /products/{p}', body: { productName: 'only the name' }, expect: 204 }, { call: 'GET /products/{p}', expect: 200, match: { product: { productName: 'only the name', subscriptionCode: 'PUBLIC', productDescription: 'part' } } },
        { call: 'PATCH /products/{p}', body: { description: null }, expect: 204 }, { call: 'GET /products/{p}', expect: 200, match: { product: { productDescription: '' } } },
        { call: 'DELETE /products/{p}', expect: 204, empty: true }, { call: 'GET /products/{p}', error: gone('Product') }, { call: 'DELETE /products/{p}', error: gone('Product') }, { call: 'PATCH /products/{p}', body: { productName: 'x' }, error: gone('Product') },
    ] },
    { name: 'list of products', rows: ['6.3 product', '1 initialCount'], steps: [
        { call: 'GET /products', expect: 200, exact: '{"productPage":{"content":[],"total":0},"initialCount":0}' },
        product(), product('PROTECTED', 'q', { productName: 'other' }), { ...product('PUBLIC', 'fp'), as: 'foreign' },
        { call: 'GET /products', expect: 200, order: ['productPage', 'initialCount'], orderOf: { productPage: ['content', 'total'] }, match: { productPage: { total: 2 }, initialCount: 2 } },
        { call: 'GET /products?productName=oth', expect: 200, match: { productPage: { content: [{ productId: '{q}' }], total: 1 }, initialCount: 2 } },
        { call: 'GET /products?offset=1&limit=1', expect: 200, match: { productPage: { content: (rows) => rows.length === 1, total: 2 } } },
        { call: 'GET /products?limit=0', error: bad('limit must be at least 1.') }, { call: 'GET /products?offset=x', error: bad('offset must be a whole number.') },
    ] },
    { name: 'bad products', rows: ['6.3 product limits', '4.4 400', '4.4 nothing changed'], steps: badProducts.map(([body, details]) => ({ call: 'POST /products', body, error: bad(details), unchanged: true })) },
    { name: 'bad edits of a product', rows: ['6.3 product limits', '4.4 nothing changed'], steps: [product(), ...badProducts.filter(([, details]) => !details.includes('required')).map(([body, details]) => ({ call: 'PATCH /products/{p}', body, error: bad(details), unchanged: true }))] },
    { name: 'longest product', rows: ['6.3 product limits', '1 lengths'], steps: [product('PUBLIC', 'p', { productName: '키'.repeat(100), description: '😀'.repeat(300) }), product('PUBLIC', 'q', { productName: 'x', description: '' })] },

    // ---- 6.3 APIs and stages
    { name: 'API', rows: ['6.3 api'], steps: [
        product(), { ...api('p', 'a', { apiName: 'A-z_0', apiDescription: 'pets' }), order: ['api'], match: { api: { apiId: ID, apiName: 'A-z_0', apiDescription: 'pets', productId: '{p}', tenantId: '{tenantId}', domainCode: 'PUB', isDeleted: false, modifier: '{adminId}', modTime: TIME } } },
        { call: 'GET /products/{p}/apis', expect: 200, order: ['apis', 'total'], match: { apis: [{ apiId: '{a}' }], total: 1 } }, { call: 'GET /products/{p}/apis/{a}', expect: 200, match: { api: { apiName: 'A-z_0' } } },
        { call: 'PATCH /products/{p}/apis/{a}', body: { apiDescription: 'cats' }, expect: 204, empty: true }, { call: 'GET /products/{p}/apis/{a}', expect: 200, match: { api: { apiName: 'A-z_0', apiDescription: 'cats' } } },
        { call: 'DELETE /products/{p}/apis/{a}', expect: 204, empty: true }, { call: 'GET /products/{p}/apis/{a}', error: gone('API') }, { call: 'GET /products/{p}/apis', expect: 200, match: { apis: [], total: 0 } },
        ...['x'.repeat(20), 'x'].map((apiName) => ({ ...api('p', 'b', { apiName, apiDescription: '키'.repeat(300) }), match: { api: { apiName } } })),
        ...badApis.map(([body, details]) => ({ call: 'POST /products/{p}/apis', body, error: bad(details) })), { call: 'POST /products/{p}/apis', body: { apiName: '' }, expect: 400, match: { error: { errorCode: '100', details: /^apiName / } } },
        { call: 'GET /products/{p}/apis', expect: 200, match: { total: 2 } },
    ] },
    { name: 'stage', rows: ['6.3 stage'], steps: [
        product(), api(),
        { ...stage('s', { throttleRps: 2147483647, cacheTtlSec: 3600, ipAclCode: 'ALLOWED', ipAclList: '10.0.0.1,192.168.0.0/16', isMaintenance: true, statusCode: 503, response: '{"a":1}' }), order: ['stage'],
            match: { stage: { stageId: ID, stageName: 'v1', apiId: '{a}', tenantId: '{tenantId}', endpointDomain: 'https://example.com', throttleRps: 2147483647, cacheTtlSec: 3600, ipAclCode: 'ALLOWED', ipAclList: /10\.0\.0\.1/, isMaintenance: true, statusCode: 503, response: '{"a":1}', rateRps: null, dayQuotaRequest: null, monthQuotaRequest: null, quotaCondition: null, modifier: '{adminId}', regTime: TIME } } },
        { call: `GET ${STAGES}/{s}`, expect: 200, match: { stage: { stageId: '{s}', throttleRps: 2147483647 } } }, { call: `GET ${STAGES}`, expect: 200, match: { stages: [{ stageId: '{s}' }], total: 1 } },
        { call: `PUT ${STAGES}/{s}`, as: 'user', body: { endpointDomain: 'http://example.org:8080/x', throttleRps: null, cacheTtlSec: null, ipAclCode: null, ipAclList: null, isMaintenance: false }, expect: 200, match: { stage: { stageName: 'v1', endpointDomain: 'http://example.org:8080/x', throttleRps: null, cacheTtlSec: null, ipAclCode: null, ipAclList: '', isMaintenance: false, modifier: '{userId}' } } },
        { call: `PUT ${STAGES}/{s}`, body: { throttleRps: 1 }, expect: 200, match: { stage: { throttleRps: 1, endpointDomain: 'http://example.org:8080/x' } } },
        { call: `DELETE ${STAGES}/{s}`, expect: 204, empty: true }, { call: `GET ${STAGES}/{s}`, error: gone('Stage') }, { call: `DELETE ${STAGES}/{s}`, error: gone('Stage') }, { call: `GET ${STAGES}`, expect: 200, match: { stages: [], total: 0 } },
    ] },
    { name: 'bad stages', rows: ['6.3 stage', '4.4 400'], steps: [
        ...whole, ...badStages.map(([body, name]) => ({ call: `POST ${STAGES}`, body, expect: 400, match: { error: { errorCode: '100', message: 'Bad Request Exception', details: new RegExp(`^${name} .+\\.$`) } } })),
        ...badStages.slice(5).map(([{ stageName: _, ...body }, name]) => ({ call: `PUT ${STAGES}/{s}`, body, expect: 400, match: { error: { errorCode: '100', details: new RegExp(`^${name} .+\\.$`) } } })),
        { call: `GET ${STAGES}`, expect: 200, match: { total: 1, stages: [{ stageName: 'v1', throttleRps: null }] } },
    ] },
    { name: 'deleting a product takes all with it', rows: ['6.3 product'], steps: [
        ...whole, key(), plan(), attach(), subscribe(), { call: 'DELETE /products/{p}', expect: 204 },
        { call: 'GET /products/{p}/apis', error: gone('Product') }, { call: `GET ${STAGES}/{s}`, error: gone('Product') }, { call: 'GET /api-keys/{k}/products', expect: 200, match: { apiKeyRelateProductDtos: [], total: 0 } },
        { call: 'GET /usage-plans/{u}', expect: 200, match: { usagePlan: { associatedStagesCount: 0 } } }, { call: 'DELETE /usage-plans/{u}', expect: 204 },
    ] },

    // ---- 6.2 usage plans
    { name: 'usage plan', rows: ['6.2 create', '6.2 members', '6.2 get edit delete'], steps: [
        { ...plan('u', { usagePlanDescription: 'for all', rateRps: 10, dayQuotaRequest: 100, monthQuotaRequest: 1000, quotaCondition: '2xx,others' }), order: ['usagePlan'], orderOf: { usagePlan: PLAN },
            match: { usagePlan: { usagePlanId: ID, tenantId: '{tenantId}', usagePlanName: 'gold', usagePlanDescription: 'for all', rateRps: 10, dayQuotaRequest: 100, monthQuotaRequest: 1000, quotaCondition: '2xx,others', associatedStagesCount: 0, modifier: '{adminId}', domainCode: 'PUB' } } },
        { call: 'GET /usage-plans/{u}', expect: 200, order: ['usagePlan'], orderOf: { usagePlan: PLAN }, match: { usagePlan: { usagePlanId: '{u}', rateRps: 10 } } },
        { call: 'PUT /usage-plans/{u}', as: 'user', body: { usagePlanName: 'silver', rateRps: 5 }, expect: 200, orderOf: { usagePlan: PLAN }, match: { usagePlan: { usagePlanName: 'silver', usagePlanDescription: 'for all', rateRps: 5, dayQuotaRequest: null, monthQuotaRequest: null, quotaCondition: null, modifier: '{userId}' } } },
        { call: 'PUT /usage-plans/{u}', body: { usagePlanName: 'none' }, expect: 200, match: { usagePlan: { rateRps: null } } },
        { call: 'DELETE /usage-plans/{u}', expect: 204, empty: true }, { call: 'GET /usage-plans/{u}', error: gone('Usage plan') }, { call: 'DELETE /usage-plans/{u}', error: gone('Usage plan') }, { call: 'PUT /usage-plans/{u}', body: { usagePlanName: 'x' }, error: gone('Usage plan') },
    ] },
    { name: 'ranges of a usage plan', rows: ['6.2 limits', '1 lengths'], steps: [
        ...[{ usagePlanName: 'x' }, { usagePlanName: '키'.repeat(45), usagePlanDescription: '😀'.repeat(50) }, { rateRps: 1 }, { rateRps: 2147483647 }, { dayQuotaRequest: 0, monthQuotaRequest: 0 }, { dayQuotaRequest: 9007199254740991, monthQuotaRequest: 9007199254740991 }, { quotaCondition: '2xx' }, { quotaCondition: '2xx,3xx,4xx,5xx,others' }, { rateRps: null, dayQuotaRequest: null, monthQuotaRequest: null, quotaCondition: null }]
            .map((more) => ({ ...plan('u', more), match: { usagePlan: more } })),
        { call: 'POST /usage-plans', text: `{"usagePlanName":"u","dayQuotaRequest":${MAX},"monthQuotaRequest":1e3}`, expect: 201, match: { usagePlan: { monthQuotaRequest: 1000 } } },
        { call: 'POST /usage-plans', text: `{"usagePlanName":"u","dayQuotaRequest":${MAX + 1n},"monthQuotaRequest":1}`, error: bad('dayQuotaRequest must be a whole number.') },
    ] },
    { name: 'bad usage plans', rows: ['6.2 limits', '4.4 400', '4.4 nothing changed'], steps: [plan(), ...badPlans.flatMap(([body, details]) => [{ call: 'POST /usage-plans', body, error: bad(details), unchanged: true }, { call: 'PUT /usage-plans/{u}', body, error: bad(details), unchanged: true }])] },
    { name: 'search of usage plans', rows: ['6.2 search', '1 initialCount', '1 paging 400'], steps: [
        plan('u', { usagePlanName: 'gold' }), plan('v', { usagePlanName: 'silver' }), { ...plan('fu'), as: 'foreign' },
        { call: 'POST /usage-plans/search', expect: 200, order: ['usagePlans', 'total', 'initialCount'], orderOf: { 'usagePlans.0': PLAN }, match: { total: 2, initialCount: 2 } },
        { call: 'POST /usage-plans/search', as: 'viewer', body: { usagePlanName: 'old', offset: 0, limit: 5 }, expect: 200, match: { usagePlans: [{ usagePlanId: '{u}' }], total: 1, initialCount: 2 } },
        { call: 'POST /usage-plans/search', text: `{"offset":1,"limit":${MAX}}`, expect: 200, match: { usagePlans: (rows) => rows.length === 1, total: 2 } },
        ...[[{ limit: 0 }, 'limit must be at least 1.'], [{ limit: -1 }, 'limit must be at least 1.'], [{ offset: -1 }, 'offset must be at least 0.'], [{ limit: '1' }, 'limit must be a whole number.'], [{ offset: 1.5 }, 'offset must be a whole number.'], [{ usagePlanName: 5 }, 'usagePlanName must be a string.']]
            .map(([body, details]) => ({ call: 'POST /usage-plans/search', body, error: bad(details) })),
    ] },
    { name: 'plans and stages', rows: ['6.2 attach', '6.2 by stage', '6.2 stages of a plan', '6.2 plans of a stage'], steps: [
        ...whole, stage('t', { stageName: 'v2' }), plan('u', { rateRps: 3, dayQuotaRequest: 1, monthQuotaRequest: 2, quotaCondition: '5xx' }), plan('v', { usagePlanName: 'silver' }), attach(), attach(), attach('u', 't'),
        { call: 'GET /usage-plans?stageId={s}', expect: 200, equal: { usagePlans: [{ usagePlanId: '{u}', usagePlanName: 'gold', associatedStagesCount: 2, domainCode: 'PUB' }], total: 1 } },
        { call: 'GET /usage-plans?stageId={s}&associated=true', expect: 200, match: { total: 1 } }, { call: 'GET /usage-plans?stageId={s}&associated=false', expect: 200, match: { usagePlans: [{ usagePlanId: '{v}' }], total: 1 } },
        { call: 'GET /usage-plans?stageId={s}&associated=yes', error: bad('associated must be true or false.') }, { call: 'GET /usage-plans', error: bad('stageId is required.') }, { call: 'GET /usage-plans?stageId={unknown}', error: gone('Stage') },
        { call: 'GET /usage-plans/{u}/stages', expect: 200, order: ['stages', 'total', 'usagePlan'], match: { total: 2, usagePlan: { domainCode: 'PUB', monthQuotaRequest: 2, dayQuotaRequest: 1, rateRps: 3, quotaCondition: '5xx' } } },
        { call: 'GET /usage-plans/{u}/stages?name=v2', expect: 200, match: { stages: [{ productId: '{p}', productName: 'shop', apiId: '{a}', apiName: 'pets', stageId: '{t}', stageName: 'v2' }], total: 1 } },
        { call: 'GET /usage-plans/{u}/stages?offset=1&limit=1', expect: 200, match: { stages: (rows) => rows.length === 1, total: 2 } },
        { call: `GET ${STAGES}/{s}/usage-plans`, expect: 200, order: ['content', 'total', 'dayQuotaRequest', 'monthQuotaRequest', 'rateRps', 'quotaCondition'], match: { content: [{ usagePlanId: '{u}' }], total: 1, dayQuotaRequest: null, rateRps: null } },
        { call: `GET ${STAGES}/{s}/usage-plans?usagePlanName=x`, expect: 200, match: { content: [], total: 0 } },
        { call: 'DELETE /usage-plans/{u}', error: bad('The usage plan is associated with a stage.') },
        { call: `POST ${STAGES}/{s}/disassociate-usage-plan`, body: { usagePlanId: '{u}' }, expect: 204, empty: true }, { call: `POST ${STAGES}/{s}/disassociate-usage-plan`, body: { usagePlanId: '{u}' }, error: gone('Usage plan') },
        { call: 'GET /usage-plans?stageId={s}', expect: 200, match: { total: 0 } }, { call: `POST ${STAGES}/{t}/disassociate-usage-plan`, body: { usagePlanId: '{u}' }, expect: 204 }, { call: 'DELETE /usage-plans/{u}', expect: 204 },
    ] },
    { name: 'bad attaching', rows: ['6.2 attach', '4.4 400'], steps: [
        ...foreign, ...whole, plan(),
        ...['associate', 'disassociate'].flatMap((verb) => [[{}, bad('usagePlanId is required.')], [{ usagePlanId: 5 }, bad('usagePlanId must be a string.')], [{ usagePlanId: null }, bad('usagePlanId must be a string.')], [{ usagePlanId: '{unknown}' }, gone('Usage plan')], [{ usagePlanId: '{fu}' }, gone('Usage plan')]]
            .map(([body, error]) => ({ call: `POST ${STAGES}/{s}/${verb}-usage-plan`, body, error, unchanged: true }))),
        { call: `POST ${STAGES}/{unknown}/associate-usage-plan`, body: { usagePlanId: '{u}' }, error: gone('Stage') }, { call: 'POST /products/{p}/apis/{unknown}/stages/{s}/associate-usage-plan', body: { usagePlanId: '{u}' }, error: gone('API') }, { call: 'POST /products/{unknown}/apis/{a}/stages/{s}/associate-usage-plan', body: { usagePlanId: '{u}' }, error: gone('Product') },
    ] },
    { name: 'default terms of a stage', rows: ['6.2 default', '6.2 limits'], steps: [
        ...whole, { call: `PUT ${STAGES}/{s}/usage-plan`, body: { rateRps: 7, dayQuotaRequest: 8, monthQuotaRequest: 9, quotaCondition: '2xx' }, expect: 200, order: ['stage'], match: { stage: { stageId: '{s}', rateRps: 7, dayQuotaRequest: 8, monthQuotaRequest: 9, quotaCondition: '2xx' } } },
        { call: `GET ${STAGES}/{s}/usage-plans`, expect: 200, match: { content: [], total: 0, rateRps: 7, dayQuotaRequest: 8, monthQuotaRequest: 9, quotaCondition: '2xx' } },
        ...badPlans.filter(([body]) => body.usagePlanName === 'u' && !('usagePlanDescription' in body)).map(([{ usagePlanName: _, ...body }, details]) => ({ call: `PUT ${STAGES}/{s}/usage-plan`, body, error: bad(details) })),
        { call: `GET ${STAGES}/{s}`, expect: 200, match: { stage: { rateRps: 7 } } },
        { call: `PUT ${STAGES}/{s}/usage-plan`, body: {}, expect: 200, match: { stage: { rateRps: null, dayQuotaRequest: null, monthQuotaRequest: null, quotaCondition: null } } },
    ] },

    // ---- 6 subscriptions
    { name: 'a PUBLIC product', rows: ['6 subscribe', '6 public', '6 products of a key', '5.7 search'], steps: [
        key(), product('PUBLIC', 'p', { description: 'd' }), { call: 'GET /api-keys/{k}/products', expect: 200, exact: '{"apiKeyRelateProductDtos":[],"total":0}' },
        subscribe(), subscribe(),
        { call: 'GET /api-keys/{k}/products', expect: 200, order: ['apiKeyRelateProductDtos', 'total'], orderOf: { 'apiKeyRelateProductDtos.0': ['productId', 'productName', 'productDescription', 'publisherId', 'status', 'regTime', 'modTime', 'isSelfProduct'] },
            match: { apiKeyRelateProductDtos: [{ productId: '{p}', productName: 'shop', productDescription: 'd', publisherId: /^[0-9a-f]{10}$/, status: 'ACCEPTED', regTime: TIME, modTime: TIME, isSelfProduct: true }], total: 1 } },
        { call: 'POST /api-keys/search', body: { productId: '{p}' }, expect: 200, equal: { apiKeys: [{ apiKeyId: '{k}', apiKeyName: 'n', apiKeyDescription: '', status: 'ACCEPTED' }], total: 1 } },
    ] },
    { name: 'a PROTECTED product: asked, accepted, rejected', rows: ['6 protected', '6 decide', '6 unsubscribe', '5.7 filters', '6 overview'], steps: [
        { ...product('PROTECTED'), as: 'foreign' }, key(), subscribe(),
        { call: 'GET /api-keys/{k}/products', expect: 200, match: { apiKeyRelateProductDtos: [{ productId: '{p}', status: 'REQUEST', isSelfProduct: false }] } },
        { call: 'GET /products/{p}/overview', as: 'foreign', expect: 200, match: { apiKeyCountInfo: { accepted: 0, request: 1, total: 1 } } },
        { call: 'PATCH /products/{p}/api-keys/{k}', body: { status: 'ACCEPTED' }, error: gone('Product') }, // its owner decides, not the key's
        { ...decide('ACCEPTED'), as: 'foreign' }, { call: 'POST /api-keys/search', body: { productId: '{p}' }, expect: 200, match: { apiKeys: [{ status: 'ACCEPTED' }] } },
        { ...decide('REJECTED'), as: 'foreign' }, { call: 'POST /api-keys/search', body: { productId: '{p}' }, expect: 200, match: { apiKeys: [{ status: 'REJECTED' }] } },
        { call: 'GET /products/{p}/overview', as: 'foreign', expect: 200, order: ['apiKeyCountInfo', 'apis'], orderOf: { apiKeyCountInfo: ['accepted', 'denied', 'rejected', 'request', 'total'] }, match: { apiKeyCountInfo: { accepted: 0, denied: 0, rejected: 1, request: 0, total: 1 }, apis: [] } },
        { call: 'POST /api-keys/search', body: { productId: '{p}', statusSet: ['ACCEPTED', 'REQUEST'] }, expect: 200, match: { apiKeys: [], total: 0 } }, { call: 'POST /api-keys/search', body: { productId: '{p}', statusSet: ['REJECTED'] }, expect: 200, match: { total: 1 } },
        // The owner's word stands: it is not taken back by leaving and asking again.
        { call: 'POST /api-keys/{k}/unsubscribe', body: { productId: '{p}' }, error: bad('The subscription was refused by the product\'s owner.') }, subscribe(), { call: 'POST /api-keys/search', body: { productId: '{p}' }, expect: 200, match: { apiKeys: [{ status: 'REJECTED' }] } },
        { ...decide('ACCEPTED'), as: 'foreign' },
        { call: 'POST /api-keys/{k}/unsubscribe', body: { productId: '{p}' }, expect: 200, empty: true }, { call: 'GET /api-keys/{k}/products', expect: 200, match: { total: 0 } },
        { call: 'POST /api-keys/{k}/unsubscribe', body: { productId: '{p}' }, error: gone('Subscription') },
    ] },
    { name: 'bad subscribing', rows: ['6 subscribe', '6 unsubscribe', '4.4 404', '4.4 400'], steps: [
        ...foreign, key(), product(),
        ...['subscribe', 'unsubscribe'].flatMap((verb) => [[{}, bad('productId is required.')], [{ productId: 5 }, bad('productId must be a string.')], [{ productId: null }, bad('productId must be a string.')], [{ productId: '{unknown}' }, gone('Product')], [{ productId: 'x' }, gone('Product')]]
            .map(([body, error]) => ({ call: `POST /api-keys/{k}/${verb}`, body, error, unchanged: true }))),
        { call: 'POST /api-keys/{fk}/subscribe', body: { productId: '{p}' }, error: gone('API key') }, { call: 'POST /api-keys/{unknown}/subscribe', body: { productId: '{p}' }, error: gone('API key') }, { call: 'POST /api-keys/{fk}/unsubscribe', body: { productId: '{p}' }, error: gone('API key') },
        { call: 'GET /products/{p}/overview', expect: 200, match: { apiKeyCountInfo: { total: 0 } } },
    ] },
    { name: 'bad decisions', rows: ['6 decide', '4.4 400', '4.4 404'], steps: [
        key(), key('other'), product('PROTECTED'), subscribe(),
        ...[[{}, bad('status is required.')], [{ status: 'accepted' }, bad('status must be one of: ACCEPTED, REJECTED.')], [{ status: 'REQUEST' }, bad('status must be one of: ACCEPTED, REJECTED.')], [{ status: 'DENY' }, bad('status must be one of: ACCEPTED, REJECTED.')], [{ status: 5 }, bad('status must be a string.')]]
            .map(([body, error]) => ({ call: 'PATCH /products/{p}/api-keys/{k}', body, error })),
        { call: 'PATCH /products/{p}/api-keys/{other}', body: { status: 'ACCEPTED' }, error: gone('API key') }, { call: 'PATCH /products/{p}/api-keys/{unknown}', body: { status: 'ACCEPTED' }, error: gone('API key') }, { call: 'PATCH /products/{unknown}/api-keys/{k}', body: { status: 'ACCEPTED' }, error: gone('Product') },
        { call: 'GET /api-keys/{k}/products', expect: 200, match: { apiKeyRelateProductDtos: [{ status: 'REQUEST' }] } },
    ] },
    { name: 'bad searches by product', rows: ['5.7 required', '5.7 filters', '4.4 400'], steps: [
        product(),
        ...[[{}, bad('productId is required.')], [{ productId: 5 }, bad('productId must be a string.')], [{ productId: '{unknown}' }, gone('Product')], [{ productId: '{p}', statusSet: 'ACCEPTED' }, bad('statusSet must be an array.')], [{ productId: '{p}', statusSet: ['accepted'] }, bad('statusSet must be one of: REQUEST, ACCEPTED, REJECTED, DENY, BLOCKED_REQUEST.')],
            [{ productId: '{p}', statusSet: [5] }, bad('statusSet must be one of: REQUEST, ACCEPTED, REJECTED, DENY, BLOCKED_REQUEST.')], [{ productId: '{p}', limit: 0 }, bad('limit must be at least 1.')], [{ productId: '{p}', offset: 'x' }, bad('offset must be a whole number.')], [{ productId: '{p}', apiKeyName: 'x'.repeat(21) }, bad('apiKeyName must have at most 20 characters.')], [{ productId: '{p}', apiKeyName: 5 }, bad('apiKeyName must be a string.')]]
            .map(([body, error]) => ({ call: 'POST /api-keys/search', body, error })),
    ] },
    { name: 'search by name and page', rows: ['5.7 filters'], steps: [
        product(), key('k', { apiKeyName: 'one' }), key('l', { apiKeyName: 'two' }), key('m', { apiKeyName: 'three' }), subscribe('k'), subscribe('l'), subscribe('m'),
        { call: 'POST /api-keys/search', as: 'viewer', body: { productId: '{p}', apiKeyName: 't' }, expect: 200, match: { total: 2 } }, { call: 'POST /api-keys/search', body: { productId: '{p}', offset: 1, limit: 1 }, expect: 200, match: { apiKeys: (rows) => rows.length === 1, total: 3 } },
        { call: 'POST /api-keys/search', body: { productId: '{p}', statusSet: [], apiKeyName: null, limit: null }, expect: 200, match: { total: 3 } },
    ] },
    { name: 'keys of a product', rows: ['6 keys of a product', '4.4 404'], steps: [
        { ...product('PROTECTED'), as: 'foreign' }, key(), subscribe(), key('l', { apiKeyName: 'two' }),
        { call: 'POST /products/{p}/api-keys/search', as: 'foreign', expect: 200, order: ['apiKeyPage'], orderOf: { apiKeyPage: ['content', 'total'], 'apiKeyPage.content.0': ['apiKeyId', 'apiKeyName', 'domainCode', 'modTime', 'regTime', 'primaryKey', 'secondaryKey', 'status'] },
            match: { apiKeyPage: { content: [{ apiKeyId: '{k}', apiKeyName: 'n', domainCode: 'PUB', modTime: TIME, regTime: TIME, primaryKey: '{kPrimary}', secondaryKey: '{kSecondary}', status: 'REQUEST' }], total: 1 } } },
        ...[['{kPrimary}', 1], ['{kSecondary}', 1], ['{lPrimary}', 0], ['nothing', 0]].map(([apiKeyValue, total]) => ({ call: 'POST /products/{p}/api-keys/search', as: 'foreign', body: { apiKeyValue }, expect: 200, match: { apiKeyPage: { total } } })),
        ...[['{k}', 1], ['{l}', 0], ['x', 0]].map(([apiKeyId, total]) => ({ call: 'POST /products/{p}/api-keys/search', as: 'foreign', body: { apiKeyId }, expect: 200, match: { apiKeyPage: { total } } })),
        ...[[['REQUEST'], 1], [['ACCEPTED', 'DENY'], 0], [[], 1]].map(([statusSet, total]) => ({ call: 'POST /products/{p}/api-keys/search', as: 'foreign', body: { statusSet, offset: 0, limit: 10 }, expect: 200, match: { apiKeyPage: { total } } })),
        ...[[{ apiKeyValue: 5 }, 'apiKeyValue must be a string.'], [{ apiKeyId: 5 }, 'apiKeyId must be a string.'], [{ statusSet: {} }, 'statusSet must be an array.'], [{ limit: 0 }, 'limit must be at least 1.']].map(([body, details]) => ({ call: 'POST /products/{p}/api-keys/search', as: 'foreign', body, error: bad(details) })),
        { call: 'POST /products/{p}/api-keys/search', body: {}, error: gone('Product') }, // the key's owner may not see the product's keys
    ] },
    { name: 'overview', rows: ['6 overview'], steps: [
        product(), { call: 'GET /products/{p}/overview', expect: 200, exact: '{"apiKeyCountInfo":{"accepted":0,"denied":0,"rejected":0,"request":0,"total":0},"apis":[]}' },
        api(), stage(), stage('t', { stageName: 'v2' }), api('p', 'b', { apiName: 'empty' }), key(), subscribe(),
        { call: 'GET /products/{p}/overview', as: 'viewer', expect: 200, match: { apiKeyCountInfo: { accepted: 1, total: 1 }, apis: (apis, v) => apis.length === 2 && apis.every((one) => Object.keys(one).join() === 'apiId,apiName,domainCode,methodsCount,stages')
            && apis.find((one) => one.apiId === v.a).stages.map((one) => one.stageName).sort().join() === 'v1,v2' && apis.find((one) => one.apiId === v.b).stages.length === 0 } },
        { call: 'GET /products/{unknown}/overview', error: gone('Product') },
    ] },
    { name: 'a plan for a key', rows: ['6 choose plan', '6.1 key side', '6.1 product side', '6.1 row', '6.1 counters'], steps: [
        ...whole, key(), plan(), plan('v', { usagePlanName: 'silver' }), attach(), subscribe(),
        { call: 'GET /api-keys/{k}/subscription-detail?productId={p}', expect: 200, order: ['apiKeyRelations'], orderOf: { apiKeyRelations: ['content', 'total'], 'apiKeyRelations.content.0': RELATION },
            match: { apiKeyRelations: { total: 1, content: [{ apiId: '{a}', apiName: 'pets', stageId: '{s}', stageName: 'v1', apiKeyId: '{k}', apiKeyName: 'n', usagePlanId: null, usagePlanName: null, dailyUsage: 0, dayCallCount: 0, monthlyUsage: 0, monthCallCount: 0, regTime: TIME, modTime: TIME, domainCode: 'PUB' }] } } },
        { call: 'PUT /products/{p}/api-keys/{k}/stages/{s}', body: { usagePlanId: '{v}' }, error: gone('Usage plan') }, // not one that the stage has
        { call: 'PUT /products/{p}/api-keys/{k}/stages/{s}', body: { usagePlanId: '{u}' }, expect: 204, empty: true },
        { call: 'GET /products/{p}/subscription-detail?apiKeyId={k}&apiId={a}&stageId={s}', as: 'viewer', expect: 200, orderOf: { 'apiKeyRelations.content.0': RELATION }, match: { apiKeyRelations: { content: [{ usagePlanId: '{u}', usagePlanName: 'gold' }], total: 1 } } },
        { call: `POST ${STAGES}/{s}/disassociate-usage-plan`, body: { usagePlanId: '{u}' }, error: bad('The usage plan is used by an API key.') },
        { call: 'PUT /products/{p}/api-keys/{k}/stages/{s}', body: { usagePlanId: null }, expect: 204 }, { call: 'GET /api-keys/{k}/subscription-detail?productId={p}', expect: 200, match: { apiKeyRelations: { content: [{ usagePlanId: null }] } } },
        { call: 'PUT /products/{p}/api-keys/{k}/stages/{s}', body: { usagePlanId: '{u}' }, expect: 204 }, { call: 'PUT /products/{p}/api-keys/{k}/stages/{s}', expect: 204 }, { call: 'GET /api-keys/{k}/subscription-detail?productId={p}', expect: 200, match: { apiKeyRelations: { content: [{ usagePlanId: null }] } } },
        { call: `POST ${STAGES}/{s}/disassociate-usage-plan`, body: { usagePlanId: '{u}' }, expect: 204 },
    ] },
    { name: 'bad choices and details', rows: ['6 choose plan', '6.1 key side', '6.1 product side', '4.4 400', '4.4 404'], steps: [
        ...foreign, ...whole, key(), key('other'), plan(), attach(), subscribe(),
        ...[['/products/{unknown}/api-keys/{k}/stages/{s}', gone('Product')], ['/products/{fp}/api-keys/{k}/stages/{fs}', gone('Product')], ['/products/{p}/api-keys/{unknown}/stages/{s}', gone('API key')], ['/products/{p}/api-keys/{other}/stages/{s}', gone('API key')], ['/products/{p}/api-keys/{k}/stages/{unknown}', gone('Stage')], ['/products/{p}/api-keys/{k}/stages/{fs}', gone('Stage')]]
            .map(([path, error]) => ({ call: `PUT ${path}`, body: { usagePlanId: '{u}' }, error })),
        ...[[{ usagePlanId: 5 }, bad('usagePlanId must be a string.')], [{ usagePlanId: '{unknown}' }, gone('Usage plan')], [{ usagePlanId: '{fu}' }, gone('Usage plan')]].map(([body, error]) => ({ call: 'PUT /products/{p}/api-keys/{k}/stages/{s}', body, error })),
        { call: 'GET /api-keys/{k}/subscription-detail', error: bad('productId is required.') }, { call: 'GET /products/{p}/subscription-detail', error: bad('apiKeyId is required.') },
        { call: 'GET /api-keys/{fk}/subscription-detail?productId={p}', error: gone('API key') }, { call: 'GET /products/{fp}/subscription-detail?apiKeyId={k}', error: gone('Product') }, { call: 'GET /api-keys/{k}/subscription-detail?productId={unknown}', error: gone('Product') },
        { call: 'GET /api-keys/{k}/subscription-detail?productId={p}&limit=0', error: bad('limit must be at least 1.') }, { call: 'GET /products/{p}/subscription-detail?apiKeyId={k}&offset=-1', error: bad('offset must be a whole number.') },
        { call: 'GET /api-keys/{other}/subscription-detail?productId={p}', expect: 200, match: { apiKeyRelations: { content: [], total: 0 } } },
        { call: 'GET /api-keys/{k}/subscription-detail?productId={p}&stageId={unknown}', expect: 200, match: { apiKeyRelations: { content: [], total: 0 } } },
    ] },
    { name: 'what is another tenant\'s is not there', rows: ['4.4 404', '4.4 nothing changed'], steps: [
        ...foreign,
        ...['GET /products/{fp}', 'DELETE /products/{fp}', 'GET /products/{fp}/apis', 'GET /products/{fp}/apis/{fa}', 'DELETE /products/{fp}/apis/{fa}', 'GET /products/{fp}/apis/{fa}/stages/{fs}', 'DELETE /products/{fp}/apis/{fa}/stages/{fs}', 'GET /products/{fp}/overview', 'GET /products/{fp}/apis/{fa}/stages/{fs}/usage-plans']
            .map((call) => ({ call, error: gone('Product') })),
        { call: 'PATCH /products/{fp}', body: { productName: 'mine', subscriptionCode: 'PUBLIC' }, error: gone('Product') }, { call: 'POST /products/{fp}/apis', body: { apiName: 'mine' }, error: gone('Product') },
        { call: 'PUT /products/{fp}/apis/{fa}/stages/{fs}', body: { endpointDomain: 'https://example.com' }, error: gone('Product') }, { call: 'PUT /products/{fp}/apis/{fa}/stages/{fs}/usage-plan', body: { rateRps: 1 }, error: gone('Product') },
        { call: 'GET /usage-plans/{fu}', error: gone('Usage plan') }, { call: 'PUT /usage-plans/{fu}', body: { usagePlanName: 'mine' }, error: gone('Usage plan') }, { call: 'DELETE /usage-plans/{fu}', error: gone('Usage plan') }, { call: 'GET /usage-plans/{fu}/stages', error: gone('Usage plan') }, { call: 'GET /usage-plans?stageId={fs}', error: gone('Stage') },
        { call: 'GET /products/{fp}', as: 'foreign', expect: 200, match: { product: { productName: 'shop', subscriptionCode: 'PROTECTED' } } }, { call: 'GET /usage-plans/{fu}', as: 'foreign', expect: 200, match: { usagePlan: { usagePlanName: 'gold' } } },
        { call: 'GET /products', expect: 200, match: { initialCount: 0 } },
    ] },
];
