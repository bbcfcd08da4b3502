// Transport, tokens, rights: contracts/apinizer.md 1, 2, 3, 4.3, 12.
import { errorText } from '../apinizer_runner.mjs';
import { rsa, secret } from './materials.mjs';

const TEXT = { 'content-type': 'text/plain;charset=UTF-8' };
const bad = 'Invalid token';
const noProject = (name) => [404, `Project (${name}) is not found or user does not have privilege to access it!`];
const FORBIDDEN = [403, 'User does not have required permission for this operation!'];
const NO_DEPLOY = [403, 'User does not have required permission to deploy/undeploy API Proxy!'];
const entry = (environmentName = 'production', content = secret(), more = {}) => ({ environmentName, content, ...more });
const key = (name = 'k', more = {}) => ({ name, keyType: 'SECRET_KEY', cryptoKeyInfoEnvironmentList: [entry()], ...more });
const proxy = (apiProxyName = 'MyAPI', more = {}) => ({ apiProxyName, apiProxyCreationType: 'REVERSE_PROXY', ...more });
const jwk = (name = 'j') => ({ name, sourceType: 'COPY_PASTE', jwkStr: JSON.stringify({ ...rsa.publicJwk, kid: 'x' }) });

export default [
    { name: 'health and hello', rows: ['1 health', '1 hello', '1 type', '1 slash'], steps: [
        ...['/test/healthcheck', '/test/healthcheck/'].map((path) => ({ call: `GET ${path}`, as: 'nobody', expect: 200, exact: 'OK', header: TEXT })),
        { call: 'HEAD /test/healthcheck', as: 'nobody', expect: 200, exact: '', header: TEXT },
        ...['/test/hello/you', '/test/hello/you/'].map((path) => ({ call: `GET ${path}`, expect: 200, exact: 'Hello you', header: TEXT })),
        { call: 'GET /test/hello/you', as: 'nobody', error: [401, bad] }, { call: 'GET /test/hello/%C3%BC%20%2F', expect: 200, exact: 'Hello ü /', header: TEXT }, { call: 'GET /test/hello/you', as: 'none', expect: 200, header: TEXT },
    ] },
    { name: 'the description', rows: ['1 openapi'], steps: ['/openapi', '/openapi.json', '/openapi.yaml'].map((path) => ({
        call: `GET ${path}`, as: 'nobody', expect: 200, header: { 'content-type': 'application/json' },
        match: { openapi: '3.1.0', paths: (paths) => paths['/apiops/projects/{projectName}/keys/{keyName}'].put.operationId === 'apiopsUpdateKey' && !Object.keys(paths).some((name) => !name.startsWith('/apiops/')) },
    })) },
    { name: 'a slash at the end says nothing, and nothing redirects', rows: ['1 slash'], steps: [
        ...['{p}/keys', '{p}/keys/'].flatMap((path, i) => [{ call: `POST ${path}`, body: key(`k${i}`), deployed: ['production'] }, { call: `GET ${path}`, expect: 200, match: { resultCount: i + 1 } }]),
        ...['{p}/keys/k0', '{p}/keys/k0/'].flatMap((path) => [{ call: `GET ${path}`, expect: 200 }, { call: `PUT ${path}`, body: {}, expect: 200 }]),
        { call: 'DELETE {p}/keys/k0', undeployed: ['production'] }, { call: 'DELETE {p}/keys/k1/', undeployed: ['production'] },
        ...['GET /projects', 'GET /projects/', 'GET /environments', 'GET /environments/', 'GET {p}/environments', 'GET {p}/jwks', 'GET {p}/apiProxies'].map((call) => ({ call, expect: 200 })),
        { call: 'GET {p}/keys//', error: [400, 'keyName value can not be empty!'] },
    ] },
    { name: 'names are split raw, then decoded', rows: ['1 encoding', '1 case', '12 names'], steps: [
        ...['a/b', 'a+b', 'a b', 'a%2Fb', 'ü', 'My Management API Key', 'Certificates (Yusuf)', '.hidden', 'a?b#c', "q'\"", '<k>', 'x'.repeat(255)].flatMap((name) => [
            { call: 'POST {p}/keys/', body: key(name), deployed: ['production'] },
            { call: `GET {p}/keys/${encodeURIComponent(name)}/`, expect: 200, match: { resultList: [{ name }] } },
        ]),
        { call: 'GET {p}/keys/a+b', expect: 200, match: { resultList: [{ name: 'a+b' }] } }, { call: 'GET {p}/keys/a%2Bb', expect: 200 }, { call: 'GET {p}/keys/a%2fb', expect: 200, match: { resultList: [{ name: 'a/b' }] } },
        { call: 'GET {p}/keys/%61%20b', expect: 200, match: { resultList: [{ name: 'a b' }] } },
        { call: 'GET {q}/keys/', expect: 200, match: { resultCount: 0 } },
        { call: 'GET /projects/myproject/keys/', error: noProject('myproject') }, { call: 'GET {p}/keys/%C3%9C/', error: [404, 'Key (name: Ü) is not found!'] }, { call: 'GET {p}/keys/A%20b', error: [404, 'Key (name: A b) is not found!'] },
    ] },
    { name: 'paths that cannot be', rows: ['1 bad path'], steps: [
        ...['/projects/%00/keys/', '{p}/keys/a%00b', '{p}/keys/%zz', '{p}/keys/%4'].map((path) => ({ call: `GET ${path}`, error: [400, 'The request is malformed: bad escape!'] })),
        { call: 'GET {p}/keys/..', error: [400, 'The request is malformed: dot segment!'] },
        ...['%FF', '%C3', '%C0%AF', '%ED%A0%80'].flatMap((text) => [{ call: `GET /projects/${text}/keys/`, error: [400, 'projectName value is not valid UTF-8!'] }, { call: `PUT {p}/keys/${text}`, body: {}, error: [400, 'keyName value is not valid UTF-8!'] }]),
        { call: 'GET {p}/keys/%0A', error: [400, 'keyName value can not be empty!'] },
    ] },
    { name: 'empty names in the path', rows: ['4.3 empty path'], steps: [
        ...['/projects//keys/', '/projects/%20/keys/', '/projects/%E3%80%80/keys/'].map((path) => ({ call: `GET ${path}`, error: [400, 'projectName value can not be empty!'] })),
        { call: 'PUT {p}/keys/%20', body: {}, error: [400, 'keyName value can not be empty!'] }, { call: 'GET {p}/jwks/%20%20/', error: [400, 'jwkName value can not be empty!'] },
        { call: 'GET {p}/apiProxies/%20/', error: [400, 'apiProxyName value can not be empty!'] }, { call: 'POST {p}/apiProxies/a/environments/%20/', error: [400, 'environmentName value can not be empty!'] },
        { call: 'POST {p}/apiProxies/a/environments//deploy-status', error: [400, 'environmentName value can not be empty!'] }, { call: 'GET /projects//keys/', as: 'nobody', error: [401, bad] },
    ] },
    { name: 'queries', rows: ['1 query', '12 query'], steps: [
        { call: 'POST {p}/keys/?page=1&size=2&sort=name,asc&x', body: key('a'), deployed: ['production'] }, { call: 'POST {p}/keys/', body: key('b'), deployed: ['production'] },
        { call: 'GET {p}/keys/?page=1&size=1&sort=name,desc', expect: 200, match: { resultList: [{ name: 'a' }, { name: 'b' }], resultCount: 2 } },
        { call: 'PUT {p}/keys/a?jwkUpdateAction=&updateScope=', body: {}, expect: 200 }, { call: 'PUT {p}/keys/a?jwkUpdateAction=NULLIFY&jwkUpdateAction=no', body: {}, expect: 200 },
        { call: 'PUT {p}/keys/a?jwkUpdateAction=no&jwkUpdateAction=NULLIFY', body: {}, error: [400, 'Unknown jwkUpdateAction (no)! Supported values: NULLIFY, UPDATE'] },
        { call: 'PUT {p}/keys/a?jwkUpdateAction=%zz', body: {}, error: [400, 'The query holds a bad escape!'], unchanged: true },
    ] },
    { name: 'methods', rows: ['1 405', '12 head'], steps: [
        ...[['PUT {p}/keys/', 'GET, HEAD, POST, OPTIONS'], ['PATCH {p}/keys/k', 'GET, HEAD, PUT, DELETE, OPTIONS'], ['POST {p}/keys/k', 'GET, HEAD, PUT, DELETE, OPTIONS'], ['PUT {p}/apiProxies/a/settings/keys/', 'PATCH, OPTIONS'], ['GET /auth/token', 'POST, OPTIONS'], ['BREW {p}/jwks', undefined]]
            .map(([call, allow]) => ({ call, error: [405, 'The method is not allowed for this resource!'], header: allow ? { allow } : {}, unchanged: true })),
        ...[['OPTIONS {p}/keys/k/', 'GET, HEAD, PUT, DELETE, OPTIONS'], ['OPTIONS {p}/apiProxies/url', 'GET, HEAD, POST, PUT, DELETE, OPTIONS'], ['OPTIONS /test/healthcheck', 'GET, HEAD, OPTIONS']].map(([call, allow]) => ({ call, as: 'nobody', expect: 204, exact: '', header: { allow } })),
        { call: 'PUT {p}/keys/', as: 'nobody', error: [401, bad] }, { call: 'GET /nowhere/', error: [404, 'There is no such resource!'] }, { call: 'OPTIONS /nowhere', error: [404, 'There is no such resource!'] }, { call: 'GET /nowhere/', as: 'nobody', error: [401, bad] },
        { call: 'POST {p}/certificates/', body: {}, error: [404, 'There is no such resource!'] },
        { call: 'POST {p}/keys/', body: key(), deployed: ['production'] }, { call: 'HEAD {p}/keys/k', expect: 200, exact: '' }, { call: 'HEAD {p}/keys/no', expect: 404, exact: '' },
        { call: 'GET {p}/keys/k', text: '{"a":1}', expect: 200, match: { resultCount: 1 } }, { call: 'DELETE {p}/keys/k', text: 'anything', headers: { 'content-type': 'text/plain' }, undeployed: ['production'] },
    ] },
    { name: 'bodies that are no object', rows: ['1 malformed', '4.3 seed', '12 duplicate member'], steps: [
        { call: 'POST {p}/keys/', body: key(), deployed: ['production'] }, { call: 'POST {p}/apiProxies/url/', body: proxy(), expect: 200 },
        ...[['POST', '{p}/keys/'], ['PUT', '{p}/keys/k'], ['POST', '{p}/jwks/'], ['POST', '{p}/jwks/generate'], ['POST', '{p}/jwks/parse-from-key'], ['PUT', '{p}/apiProxies/url'], ['PATCH', '{p}/apiProxies/MyAPI/settings/keys/'], ['PATCH', '{p}/apiProxies/MyAPI/settings/metadata/']].flatMap(([method, path]) => [
            ...['[]', '"text"', '5', 'null', 'true'].map((text) => ({ call: `${method} ${path}`, text, error: [400, 'Request body must be a JSON object!'], unchanged: true })),
            ...['{', '{"name":}', '{"name":"a",}', "{'name':'a'}", '{} {}', '{"name":"a","name":"b"}', '{"publicKey":"a","publicKey":"a"}', '\ufeff{}', '{"a":"\\ud800"}'].map((text) => ({ call: `${method} ${path}`, text, expect: 400, match: { error: 'bad_request', error_description: /^Request body is not valid JSON: .+!$/ }, unchanged: true })),
            { call: `${method} ${path}`, bytes: Buffer.from('{"name":"\xff"}', 'latin1'), expect: 400, match: { error: 'bad_request' }, unchanged: true },
        ]),
        ...['POST {p}/keys/', 'PUT {p}/keys/k', 'POST {p}/jwks/', 'POST {p}/apiProxies/url'].flatMap((call) => [{ call, error: [400, 'Request body can not be empty!'], unchanged: true }, { call, text: ' \r\n', error: [400, 'Request body can not be empty!'] }]),
    ] },
    { name: 'unknown members and types', rows: ['1 unknown members', '12 null'], steps: [
        { call: 'POST {p}/keys/', body: key('k', { id: '0'.repeat(24), environmentName: 'x', projectId: 'other', deep: { a: [1] }, cryptoKeyInfoEnvironmentList: [entry('production', secret(), { source: 'x', environmentId: 'y' })] }), deployed: ['production'] },
        ...[[{ name: 5 }, 'name must be a string!'], [{ description: {} }, 'description must be a string!'], [{ keyType: ['SECRET_KEY'] }, 'keyType must be a string!'], [{ algorithm: true }, 'algorithm must be a string!'],
            [{ cryptoKeyInfoEnvironmentList: {} }, 'cryptoKeyInfoEnvironmentList must be a list of objects!'], [{ cryptoKeyInfoEnvironmentList: ['production'] }, 'cryptoKeyInfoEnvironmentList must be a list of objects!'],
            [{ cryptoKeyInfoEnvironmentList: [{ environmentName: 1, content: 'AAAA' }] }, 'environmentName must be a string!'], [{ cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', content: 7 }] }, 'content must be a string!'], [{ cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', content: 'AAAA', alias: 7 }] }, 'alias must be a string!']]
            .flatMap(([body, text]) => [{ call: 'PUT {p}/keys/k', body, error: [400, text], unchanged: true }, { call: 'POST {p}/keys/', body: { ...key('new'), ...body }, error: [400, text], unchanged: true }]),
        { call: 'POST {p}/keys/', body: key('n', { name: null }), error: [400, 'Key name can not be empty!'] }, { call: 'POST {p}/keys/', body: key('n', { cryptoKeyInfoEnvironmentList: null }), error: [400, 'cryptoKeyInfoEnvironmentList value can not be empty!'] },
        { call: 'POST {p}/keys/', body: key('n', { keyType: null }), error: [400, 'keyType value can not be empty! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'], unchanged: true },
    ] },
    { name: 'content types', rows: ['1 415'], steps: [
        ...['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset=UTF-8', 'application/json ;x=y', null].map((type, i) => ({ call: 'POST {p}/keys/', headers: { 'content-type': type }, body: key(`k${i}`), deployed: ['production'] })),
        ...['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonx', 'json', 'multipart/form-data; boundary=x'].map((type) => ({ call: 'POST {p}/keys/', headers: { 'content-type': type }, body: key('n'), error: [415, 'The Content-Type of the request is not supported!'], unchanged: true })),
        { call: 'POST {p}/keys/import-file/', body: {}, error: [415, 'The Content-Type of the request is not supported!'] }, { call: 'POST {p}/keys/import-file/', error: [415, 'The Content-Type of the request is not supported!'] },
        { call: 'POST {p}/keys/', as: 'nobody', headers: { 'content-type': 'text/plain' }, body: {}, error: [401, bad] }, { call: 'GET {p}/keys/', headers: { 'content-type': 'text/plain' }, expect: 200 },
    ] },
    { name: 'a body over the limit', rows: ['1 413', '10 limits'], steps: [
        { call: 'PUT {p}/keys/k', text: `{"name":"${'x'.repeat(4194304)}"}`, error: [413, 'The request body is too large!'], unchanged: true },
        { call: 'PUT {p}/keys/k', text: `{"description":"x"${' '.repeat(4194304 - 19)}}`, error: [404, 'Key (name: k) is not found! Try create operation.'] },
    ] },

    // ---- tokens
    { name: 'bearer tokens', rows: ['2 bearer', '2 parse', '2 look', '2.2 401'], steps: [
        ...['Bearer {admin}', 'bearer {admin}', 'BEARER {admin}', 'Bearer   {admin}', 'Bearer {admin}  '].map((bearer) => ({ call: 'GET /projects/', bearer, expect: 200 })),
        ...['', 'Bearer', 'Bearer ', '{admin}', 'Basic {admin}', 'Bearer{admin}', 'Bearer {admin} {admin}', 'Bearer {admin}x', 'Bearer apnz_', `Bearer apnz_${'x'.repeat(43)}`, `Bearer ${'x'.repeat(5000)}`, 'Bearer {accessKey}', 'Bearer "{admin}"', 'Token {admin}']
            .map((bearer) => ({ call: 'GET /projects/', bearer, expect: 401, exact: errorText(401, bad), header: { 'www-authenticate': 'Bearer' } })),
        ...['GET /projects/', 'GET /environments/', 'GET {p}/keys/', 'POST {p}/keys/', 'PUT {p}/keys/k', 'DELETE {p}/keys/k', 'GET {p}/jwks/', 'POST {p}/jwks/generate', 'PATCH {p}/apiProxies/a/settings/keys/', 'GET {p}/apiProxies/a/', 'POST {p}/keys/import-file/'].map((call) => ({ call, as: 'nobody', error: [401, bad] })),
        { call: 'GET /projects/', as: 'nobody', headers: { 'x-api-key': '{accessKey}' }, error: [401, bad] },
        { raw: 'GET /api-keys', headers: { authorization: 'Bearer x' }, expect: 401 },
    ] },
    { name: 'POST /auth/token', rows: ['2.1 token', '2.1 rights', '2.1 grant', '2.1 bad', '2.1 form'], steps: [
        { call: 'POST /auth/token', as: 'nobody', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }, text: 'grant_type=client_credentials&client_id={clientId}&client_secret={clientSecret}', expect: 200, order: ['access_token', 'token_type', 'expires_in'], match: { access_token: /^apnz_[A-Za-z0-9]{35,}$/, token_type: 'Bearer', expires_in: 3600 }, save: { issued: 'access_token' } },
        { call: 'GET {p}/keys/', as: 'issued', expect: 200 }, { call: 'POST {p}/keys/', as: 'issued', body: key(), deployed: ['production'] },
        { move: 3_599_000 }, { call: 'GET {p}/keys/', as: 'issued', expect: 200 }, { move: 1000 }, { call: 'GET {p}/keys/', as: 'issued', error: [401, bad] },
        ...['grant_type=password&client_id={clientId}&client_secret={clientSecret}', 'client_id={clientId}&client_secret={clientSecret}', '', 'grant_type=CLIENT_CREDENTIALS', 'grant_type='].map((text) => ({ call: 'POST /auth/token/', as: 'nobody', headers: { 'content-type': 'application/x-www-form-urlencoded' }, text, expect: 400, exact: '{"error":"unsupported_grant_type","error_description":"GrantType value must be client_credentials!"}' })),
        ...['client_id={clientId}&client_secret=x', 'client_id=x&client_secret={clientSecret}', 'client_id={clientId}', 'client_secret={clientSecret}', 'client_id=&client_secret=', ''].map((text) => ({ call: 'POST /auth/token', as: 'nobody', headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }, text: `grant_type=client_credentials&${text}`, expect: 401, exact: '{"error":"unauthorized_client","error_description":"Bad credentials"}' })),
        { call: 'POST /auth/token', as: 'nobody', headers: { 'content-type': 'application/x-www-form-urlencoded' }, text: 'grant_type=client_credentials&client_id={clientId}&client_id={clientId}&client_secret={clientSecret}', expect: 400, match: { error: 'invalid_request' } },
        { call: 'POST /auth/token', as: 'nobody', body: { grant_type: 'client_credentials', client_id: '{clientId}', client_secret: '{clientSecret}' }, expect: 415, match: { error: 'invalid_request' } },
    ], clock: true },

    // ---- rights
    { name: 'reads: any right in the project', rows: ['3 reads', '3 hidden'], steps: [
        { call: 'POST {p}/keys/', body: key(), deployed: ['production'] }, { call: 'POST {p}/jwks/', body: jwk(), expect: 200 }, { call: 'POST {p}/apiProxies/url/', body: proxy(), expect: 200 },
        ...['viewer', 'user', 'manage', 'deploy', 'exporter', 'proxies', 'security'].flatMap((as) => ['{p}/keys/', '{p}/keys/k', '{p}/jwks/', '{p}/jwks/j', '{p}/apiProxies/', '{p}/apiProxies/MyAPI/', '{p}/environments/', '/environments/'].map((path) => ({ call: `GET ${path}`, as, expect: 200 }))),
        ...['{p}/keys/', '{p}/keys/k', '{p}/jwks/j', '{p}/apiProxies/'].map((path) => ({ call: `GET ${path}`, as: 'none', error: FORBIDDEN })),
        { call: 'GET /projects/', as: 'none', expect: 200, match: { resultList: [], resultCount: 0 } }, { call: 'GET /projects/', as: 'manage', expect: 200, match: { resultCount: 2 } },
        ...['narrow', 'foreign'].flatMap((as) => as === 'foreign' ? [] : ['GET {p}/keys/', 'GET {p}/keys/k', 'PUT {p}/keys/k', 'DELETE {p}/keys/k', 'GET {p}/jwks/', 'POST {p}/jwks/', 'GET {p}/environments/', 'GET {p}/apiProxies/MyAPI/'].map((call) => ({ call, as, ...(call.startsWith('P') && { body: {} }), error: noProject('MyProject'), unchanged: call.startsWith('D') }))),
        { call: 'GET /projects/Hidden/keys/', error: noProject('Hidden') }, { call: 'GET /projects/Nowhere/keys/', error: noProject('Nowhere') }, { call: 'PUT /projects/Hidden/keys/k', body: {}, error: noProject('Hidden') },
        { call: 'GET {p}/keys/', as: 'foreign', expect: 200, match: { resultCount: 0 } }, { call: 'GET {p}/keys/k', as: 'foreign', error: [404, 'Key (name: k) is not found!'] },
    ] },
    { name: 'writes: SECRETS:MANAGE, and DEPLOY_UNDEPLOY where something is deployed', rows: ['3 secrets', '3 deploy', '3 old names', '3 403', '3 order'], steps: [
        { call: 'POST {p}/keys/', body: key(), deployed: ['production'] }, { call: 'POST {p}/jwks/', body: jwk(), expect: 200 },
        ...['viewer', 'deploy', 'exporter', 'proxies', 'none'].flatMap((as) => [['POST', '{p}/keys/', key('n')], ['PUT', '{p}/keys/k', { description: 'd' }], ['DELETE', '{p}/keys/k'], ['POST', '{p}/jwks/', jwk('n')], ['POST', '{p}/jwks/generate', { name: 'n', type: 'EC', ec: { curveType: 'P256' } }], ['PUT', '{p}/jwks/j', { description: 'd' }], ['DELETE', '{p}/jwks/j']]
            .map(([method, path, body]) => ({ call: `${method} ${path}`, as, body, error: FORBIDDEN, unchanged: true }))),
        ...[['POST', '{p}/keys/', key('n')], ['PUT', '{p}/keys/k', { cryptoKeyInfoEnvironmentList: [entry()] }], ['PUT', '{p}/keys/k', { cryptoKeyInfoEnvironmentList: [] }], ['PUT', '{p}/keys/k', { name: 'renamed' }], ['DELETE', '{p}/keys/k'], ['POST', '{p}/jwks/', jwk('n')], ['DELETE', '{p}/jwks/j']]
            .map(([method, path, body]) => ({ call: `${method} ${path}`, as: 'manage', body, error: FORBIDDEN, unchanged: true })),
        { call: 'PUT {p}/keys/k', as: 'manage', body: { description: 'only words' }, expect: 200, exact: '{"success":true,"deploymentResult":{"success":true,"message":"Deployment completed successfully","environmentResults":[]}}' },
        { call: 'PUT {p}/keys/k', body: { cryptoKeyInfoEnvironmentList: [] }, undeployed: ['production'] }, { call: 'PUT {p}/keys/k', as: 'manage', body: { name: 'renamed' }, expect: 200 }, { call: 'DELETE {p}/keys/renamed', as: 'manage', expect: 200 },
        { call: 'POST {p}/keys/', as: 'security', body: key('old names'), deployed: ['production'] }, { call: 'DELETE {p}/keys/old%20names', as: 'security', undeployed: ['production'] }, { call: 'POST {p}/keys/', as: 'user', body: key('user'), deployed: ['production'] },
        { call: 'PUT {p}/keys/nothing', as: 'viewer', body: { name: 5 }, error: FORBIDDEN }, { call: 'PUT {p}/keys/nothing', body: { name: 5 }, error: [404, 'Key (name: nothing) is not found! Try create operation.'] }, { call: 'PUT /projects/no/keys/nothing', as: 'viewer', body: { name: 5 }, error: noProject('no') },
        { call: 'PUT /projects/no/keys/nothing', bearer: 'Bearer x', body: { name: 5 }, error: [401, bad] }, { call: 'PUT {p}/keys/user', body: { name: 5 }, error: [400, 'name must be a string!'] },
    ] },
    { name: 'files: SECRETS:EXPORT_IMPORT', rows: ['3 files', '8 get'], steps: [
        { call: 'POST {p}/keys/', body: key(), deployed: ['production'] }, { call: 'POST {p}/jwks/generate', body: { name: 'j', type: 'EC', ec: { curveType: 'P256' } }, expect: 200 },
        ...['viewer', 'user', 'manage', 'security', 'proxies', 'deploy'].flatMap((as) => [{ call: 'GET {p}/keys/k/export-file/', as, error: FORBIDDEN }, { call: 'GET {p}/jwks/j/export-file/', as, error: FORBIDDEN }, { call: 'GET {p}/jwks/j/', as, expect: 200, match: { resultList: [{ ec: (value) => value.d === undefined && value.x.length === 43 }] } },
            { call: 'POST {p}/keys/import-file/', as, form: { keyName: 'n', keyType: 'SECRET_KEY', algorithm: 'AES', environmentList: 'production', keyFile: { content: secret() } }, error: FORBIDDEN, unchanged: true }, { call: 'POST {p}/jwks/import-file/', as, form: { jwkName: 'n', kid: 'x', jwkFile: { content: '{}' } }, error: FORBIDDEN }]),
        ...['admin', 'exporter'].flatMap((as) => [{ call: 'GET {p}/keys/k/export-file/?environmentName=production', as, expect: 200, header: { 'content-type': 'application/x-pem-file' } }, { call: 'GET {p}/jwks/j/', as, expect: 200, match: { resultList: [{ ec: { d: /^[\w-]{43}$/ } }] } }]),
        { call: 'POST {p}/keys/import-file/', as: 'exporter', form: { keyName: 'n', keyType: 'SECRET_KEY', algorithm: 'AES', environmentList: 'production', keyFile: { content: secret() } }, expect: 200, exact: '{"status":"SUCCESS"}' },
    ] },
    { name: 'proxies: API_MANAGEMENT', rows: ['3 proxies', '3 old names', '11.1 order'], steps: [
        { call: 'POST {p}/apiProxies/url/', as: 'proxies', body: proxy(), expect: 200 },
        { call: 'POST {p}/apiProxies/url/', as: 'proxies', body: proxy('B', { deploy: true, deployTargetEnvironmentNameList: ['production'] }), error: NO_DEPLOY, unchanged: true },
        { call: 'PATCH {p}/apiProxies/MyAPI/settings/keys/', as: 'proxies', body: { publicKey: 'ak', secretKey: 'sk' }, exact: '{"success":true}' },
        { call: 'PATCH {p}/apiProxies/MyAPI/settings/keys/', as: 'proxies', body: { publicKey: 'b', deploy: true, deployTargetEnvironmentNameList: ['production'] }, error: NO_DEPLOY, unchanged: true },
        { call: 'POST {p}/apiProxies/MyAPI/environments/production/', as: 'proxies', error: NO_DEPLOY, unchanged: true }, { call: 'POST {p}/apiProxies/MyAPI/environments/production/', as: 'deploy', deployed: ['production'] },
        { call: 'DELETE {p}/apiProxies/MyAPI/', as: 'proxies', error: NO_DEPLOY, unchanged: true }, { call: 'DELETE {p}/apiProxies/MyAPI/environments/production/', as: 'deploy', undeployed: ['production'] },
        ...['viewer', 'manage', 'security', 'exporter'].flatMap((as) => [['POST', '{p}/apiProxies/url/', proxy('n')], ['PATCH', '{p}/apiProxies/MyAPI/settings/keys/', { publicKey: 'x' }], ['PATCH', '{p}/apiProxies/MyAPI/settings/metadata/', { description: 'x' }], ['DELETE', '{p}/apiProxies/MyAPI/']].map(([method, path, body]) => ({ call: `${method} ${path}`, as, body, error: FORBIDDEN, unchanged: true }))),
        { call: 'PATCH {p}/apiProxies/Nothing/settings/keys/', bearer: 'Bearer x', body: { publicKey: 5 }, error: [401, bad] }, { call: 'PATCH /projects/no/apiProxies/Nothing/settings/keys/', as: 'viewer', body: { publicKey: 5 }, error: noProject('no') },
        { call: 'PATCH {p}/apiProxies/Nothing/settings/keys/', as: 'viewer', body: { publicKey: 5 }, error: FORBIDDEN }, { call: 'PATCH {p}/apiProxies/Nothing/settings/keys/', as: 'proxies', body: { publicKey: 5 }, error: [404, 'ApiProxy (name: Nothing) was not found!'] }, { call: 'PATCH {p}/apiProxies/MyAPI/settings/keys/', as: 'proxies', body: { publicKey: 5 }, error: [400, 'publicKey must be a string!'] },
    ] },

    // ---- projects and environments
    { name: 'projects and environments', rows: ['5.1 projects', '5.2 environments', '5.3 of a project', '5.4 closed', '4.2 lists'], steps: [
        { call: 'GET /projects/', expect: 200, order: ['success', 'status', 'resultList', 'resultCount'], orderOf: { 'resultList.0': ['id', 'name', 'description', 'relativePath', 'enableRelativePath', 'tags'] }, match: { success: true, status: 'SUCCESS', resultCount: 2, resultList: (list, v) => list.map((p) => p.name).sort().join() === 'MyProject,Other Project/ü' && list.some((p) => p.id === v.projectId) } },
        { call: 'GET /projects/', as: 'narrow', expect: 200, match: { resultList: [{ name: 'Other Project/ü', id: '{otherId}' }], resultCount: 1 } },
        { call: 'GET /environments/', expect: 200, orderOf: { 'resultList.0': ['id', 'name', 'description', 'type', 'accessUrl', 'status'] }, match: { resultList: [{ name: 'closed' }, { name: 'production', id: /^[0-9a-f]{24}$/, type: 'PRODUCTION', status: 'PUBLISHED' }, { name: 'test', type: 'TEST', accessUrl: 'https://test.example' }, { name: 'uat', type: 'SANDBOX' }], resultCount: 4 } },
        { call: 'GET {p}/environments/', expect: 200, orderOf: { 'resultList.0': ['id', 'name', 'description', 'type', 'accessUrl', 'status', 'deployed', 'redeployRequired'] }, match: { resultList: [{ name: 'production', deployed: null, redeployRequired: null }, { name: 'test' }, { name: 'uat' }], resultCount: 3 } },
        { call: 'GET {q}/environments/', expect: 200, match: { resultCount: 4 } }, { call: 'GET /environments/', as: 'secretsHere', expect: 200, match: { resultCount: 3 } }, { call: 'GET /environments/', as: 'foreign', expect: 200, match: { resultCount: 1 } }, { call: 'GET /projects/no/environments/', error: noProject('no') },
        { call: 'POST {p}/keys/', body: key('k', { cryptoKeyInfoEnvironmentList: [entry('closed')] }), error: [400, 'Environment (closed) is not found or user does not have privilege to access it!'], unchanged: true },
        { call: 'POST {q}/keys/', body: key('k', { cryptoKeyInfoEnvironmentList: [entry('closed')] }), deployed: ['closed'] },
    ] },
];
