// The other profiles: contracts/apinizer.md 4.5, and what 2.2, 3, 4 and 6.1 say of the current generation.
import { rsa, secret } from './materials.mjs';

const entry = (environmentName = 'production', content = secret()) => ({ environmentName, content });
const key = (name = 'k', more = {}) => ({ name, keyType: 'SECRET_KEY', algorithm: 'AES', cryptoKeyInfoEnvironmentList: [entry()], ...more });
const proxy = (apiProxyName = 'MyAPI', more = {}) => ({ apiProxyName, apiProxyCreationType: 'REVERSE_PROXY', ...more });
const failure = (resultMessage) => ({ status: 'FAILURE', resultMessage });
const both = (error, text, resultMessage = text) => ({ error, error_description: text, status: 'FAILURE', resultMessage });
const replica = (envName) => ({ envName, podName: 'embedded', success: true, detail: null, responseTime: (ms) => Number.isInteger(ms) && ms >= 0 });
const result = (...names) => ({ success: true, responseTime: (ms) => Number.isInteger(ms) && ms >= 0, detailList: names.map(replica) });
const hidden = 'Project (no) is not found or user does not have privilege to access it!';
const PERMISSION = 'User does not have required permission for this operation!';

export default [
    { name: 'current: success', rows: ['4.5 current'], profile: 'current', steps: [
        { call: 'POST {p}/keys/', body: key('k', { cryptoKeyInfoEnvironmentList: [entry(), entry('test')] }), expect: 200, order: ['status', 'deploymentResult'], orderOf: { deploymentResult: ['success', 'responseTime', 'detailList'], 'deploymentResult.detailList.0': ['envName', 'podName', 'success', 'detail', 'responseTime'] }, match: { status: 'SUCCESS', deploymentResult: result('production', 'test') } },
        { call: 'PUT {p}/keys/k', body: {}, expect: 200, match: { status: 'SUCCESS', deploymentResult: result() } }, { call: 'GET {p}/keys/', expect: 200, order: ['status', 'resultList', 'resultCount'] }, { call: 'GET {p}/keys/k', expect: 200, order: ['status', 'resultList', 'resultCount'] }, { call: 'DELETE {p}/keys/k', expect: 200, match: { status: 'SUCCESS', deploymentResult: result('production', 'test') } },
        { call: 'POST {p}/apiProxies/url/', body: proxy(), exact: '{"status":"SUCCESS","resultList":null,"resultCount":null,"deploymentResult":null}' }, { call: 'PATCH {p}/apiProxies/MyAPI/settings/keys/', body: { publicKey: 'a' }, exact: '{"status":"SUCCESS"}' }, { call: 'POST {p}/apiProxies/MyAPI/environments/test/', expect: 200, order: ['status', 'deploymentResult'], match: { deploymentResult: result('test') } },
        { call: 'POST {p}/keys/import-file/', form: { keyName: 'f', keyType: 'PRIVATE_KEY', environmentList: 'test', keyFile: { content: rsa.pkcs8 } }, exact: '{"status":"SUCCESS"}' },
    ] },
    { name: 'current: errors', rows: ['4.5 current', '2.2 current', '3 403', '6.1 algorithm'], profile: 'current', steps: [
        { call: 'GET /projects/', as: 'nobody', expect: 401, equal: failure('Empty Key! Client must be authenticated to access this resource.'), header: { 'www-authenticate': 'Bearer' } }, { call: 'GET /projects/', bearer: '', expect: 401, equal: failure('Empty Key! Client must be authenticated to access this resource.') }, { call: 'GET /projects/', bearer: 'Bearer apnz_nobody', expect: 401, equal: failure('Token is not valid!') },
        { call: 'GET /projects/no/keys/', expect: 400, equal: failure(hidden) }, { call: 'GET {p}/keys/none', expect: 400, equal: failure('Key (name: none) is not found!') }, { call: 'POST {p}/keys/', as: 'viewer', body: key(), expect: 400, equal: failure(PERMISSION) }, { call: 'PATCH {p}/apiProxies/none/settings/keys/', body: {}, expect: 400, equal: failure('ApiProxy (name: none) was not found!') },
        { call: 'POST {p}/keys/', body: { ...key(), algorithm: undefined }, expect: 400, equal: failure('algorithm is required for SECRET_KEY! Supported values: AES, DES, DESede, RSA') }, { call: 'POST {p}/keys/', text: '{', expect: 400, match: { status: 'FAILURE', resultMessage: /^Request body is not valid JSON: / } },
        { call: 'POST {p}/keys/', body: key(), expect: 200 }, { call: 'PUT {p}/keys/k', body: { keyType: 'SECRET_KEY' }, expect: 200 }, { call: 'POST {p}/keys/', body: key(), expect: 400, equal: failure('Key (name: k) is already exist! Try update operation if want to change its value.') }, { call: 'GET /nowhere', expect: 404, equal: failure('There is no such resource!') }, { call: 'PATCH {p}/keys/k', expect: 405, match: { status: 'FAILURE' } },
        { call: 'POST /auth/token', as: 'nobody', headers: { 'content-type': 'application/x-www-form-urlencoded' }, text: 'grant_type=client_credentials&client_id=x&client_secret=y', expect: 401, exact: '{"error":"unauthorized_client","error_description":"Bad credentials"}' },
    ] },
    { name: 'both: success', rows: ['4.5 both'], profile: 'both', steps: [
        { call: 'POST {p}/keys/', body: { ...key(), algorithm: undefined }, expect: 200, order: ['success', 'status', 'deploymentResult'], orderOf: { deploymentResult: ['success', 'message', 'environmentResults', 'responseTime', 'detailList'] }, match: { success: true, status: 'SUCCESS', deploymentResult: { ...result('production'), message: 'Deployment completed successfully', environmentResults: [{ environmentName: 'production', success: true, message: 'Deployed successfully' }] } } },
        { call: 'GET {p}/keys/', expect: 200, order: ['success', 'status', 'resultList', 'resultCount'] }, { call: 'POST {p}/apiProxies/url/', body: proxy('MyAPI', { deploy: true, deployTargetEnvironmentNameList: ['test'] }), expect: 200, match: { success: true, status: 'SUCCESS', resultList: null, deploymentResult: { ...result('test'), deploymentResults: [{ environmentName: 'test', success: true, message: 'Deployment successful' }] } } }, { call: 'PATCH {p}/apiProxies/MyAPI/settings/keys/', body: { publicKey: 'a' }, exact: '{"success":true,"status":"SUCCESS"}' },
    ] },
    { name: 'both: errors', rows: ['4.5 both'], profile: 'both', steps: [
        { call: 'GET /projects/', as: 'nobody', expect: 401, equal: both('unauthorized_client', 'Invalid token', 'Empty Key! Client must be authenticated to access this resource.') }, { call: 'GET /projects/', bearer: 'Bearer x', expect: 401, equal: both('unauthorized_client', 'Invalid token', 'Token is not valid!') },
        { call: 'GET /projects/no/keys/', expect: 404, equal: both('not_found', hidden) }, { call: 'POST {p}/keys/', as: 'viewer', body: key(), expect: 403, equal: both('forbidden', PERMISSION) }, { call: 'POST {p}/keys/', body: {}, expect: 400, equal: both('bad_request', 'Key name can not be empty!') }, { call: 'GET {p}/jwks/none', expect: 400, equal: both('bad_request', 'JWK (name: none) is not found!') },
    ] },
];
