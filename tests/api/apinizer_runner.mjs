// Runs cases of APIOps that are data, each in a tenant of its own. A case: { name, rows: [contract rows], profile: 'seed' (default) | 'current' |
// 'both' | 'strict': which server, clock: needs one whose clock moves, steps: [step] }. A step:
//   call:    'POST {p}/keys/'           below /apiops; {x} is replaced by saved and fixture values, percent-encoded; {p} is "/projects/<name>"
//   as:      a token of the fixtures (default: admin), or 'nobody'; bearer: the whole header instead
//   body:    JSON value, or text: '…' / bytes: Buffer for raw ones; form: { field: text | { file, content } }; headers: {…}
//   raw:     { method, path, as, … } is sent as it is, with the same server's other surfaces: 'GET /v1/…'
//   expect:  status;  error: [status, text] whose whole body is checked;  exact: the body's text
//   equal / match / order / save / has / header: as in runner.mjs;  orderOf: { path: [names] }
//   deployed: ['production'] / undeployed: […]: the whole answer of a write, environment by environment
//   unchanged: true: the tenant's keys, JWKs, proxies and published sets read the same before and after
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { check, fill, fillKeeping, member } from './runner.mjs';

export const BASE = '/apiops';
const codes = { 400: 'bad_request', 401: 'unauthorized_client', 403: 'forbidden', 404: 'not_found', 405: 'method_not_allowed', 413: 'payload_too_large', 415: 'unsupported_media_type', 500: 'internal_error' };
export const errorText = (status, text) => JSON.stringify({ error: codes[status], error_description: text });

const WORDS = {
    deployed: ['Deployed successfully', 'Deployment completed successfully'], undeployed: ['Undeployed successfully', 'Undeployment completed successfully'],
    proxyDeployed: ['Deployment successful'], proxyUndeployed: ['Undeployment successful'],
};
const results = (names, words) => names.map((environmentName) => ({ environmentName, success: true, message: words[0] }));

/** The whole body of a write that was deployed: contracts/apinizer.md 6.1, 4.1. */
export function writtenText({ deployed = [], undeployed = [], isProxy, isRemoval }) {
    if (isProxy) {
        const deploymentResults = [...results(deployed, WORDS.proxyDeployed), ...results(undeployed, WORDS.proxyUndeployed)];
        return JSON.stringify({ success: true, deploymentResult: { success: true, deploymentResults } });
    }
    const environmentResults = [...results(deployed, WORDS.deployed), ...results(undeployed, WORDS.undeployed)];
    const isUndeployment = isRemoval || (undeployed.length > 0 && deployed.length === 0);
    return JSON.stringify({ success: true, deploymentResult: { success: true, message: (isUndeployment ? WORDS.undeployed : WORDS.deployed)[1], environmentResults } });
}

let made = 0;

/** A tenant with two projects, three environments, and tokens of every kind; and another one that must never show. */
export async function fixtures(ward) {
    const socketPath = join(ward.data, 'ward.sock');
    const control = async (path, body) => {
        const answer = await ward.request('POST', path, { socketPath, body });
        assert.equal(answer.status, 201, `${path}: ${answer.text}`);
        return answer.body;
    };
    const account = async (name) => (await ward.request('POST', '/accounts', { key: ward.credentials.accessKey, body: { name: `${name} ${made += 1}` } })).body.id;
    const accountId = await account('tenant'), foreignAccount = await account('foreign');
    const token = async (role, grants, more = {}) => (await control('/v1/credentials', { kind: 'token', role, grants, name: 't', accountId, ...more })).value;
    const project = await control('/v1/projects', { name: 'MyProject', accountId, env: 'live' });
    const second = await control('/v1/projects', { name: 'Other Project/ü', accountId, env: 'live' });
    await control('/v1/projects', { name: 'MyProject', accountId: foreignAccount, env: 'live' });
    await control('/v1/projects', { name: 'Hidden', accountId: foreignAccount, env: 'live' });
    await control('/v1/environments', { name: 'test', type: 'TEST', accessUrl: 'https://test.example', accountId });
    await control('/v1/environments', { name: 'uat', type: 'SANDBOX', accountId });
    await control('/v1/environments', { name: 'closed', type: 'TEST', accountId, projects: [second.id] });
    const iam = await control('/v1/credentials', { kind: 'iam', role: 'admin', name: 'client', accountId });
    const access = await control('/v1/credentials', { kind: 'access-key', role: 'admin', name: 'access', accountId });
    return {
        accountId, projectId: project.id, otherId: second.id, p: '/projects/MyProject', q: `/projects/${encodeURIComponent('Other Project/ü')}`, clientId: iam.publicId, clientSecret: iam.value, accessKey: access.value,
        tokens: {
            admin: await token('admin', []), user: await token('user', []), viewer: await token('viewer', []), none: await token('none', []), narrow: await token('admin', [], { projectId: second.id }),
            manage: await token('none', ['SECRETS:MANAGE']), security: await token('none', ['ROLE_API_SECURITY', 'ROLE_DEPLOY_UNDEPLOY_PROXIES']), deploy: await token('none', ['*:DEPLOY_UNDEPLOY']),
            exporter: await token('none', ['SECRETS:EXPORT_IMPORT']), proxies: await token('none', ['ROLE_MANAGE_PROXIES']), secretsHere: await token('none', ['SECRETS:MANAGE', 'SECRETS:DEPLOY_UNDEPLOY'], { projectId: project.id }),
            foreign: await token('admin', [], { accountId: foreignAccount }),
        },
    };
}

export function multipart(form) {
    const boundary = '----ward-test-boundary';
    const parts = Object.entries(form).map(([name, value]) => {
        const isFile = value !== null && typeof value === 'object';
        const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${isFile ? `; filename="${value.file ?? 'f'}"\r\nContent-Type: application/octet-stream` : ''}\r\n\r\n`;
        return Buffer.concat([Buffer.from(head), Buffer.from(isFile ? value.content : value), Buffer.from('\r\n')]);
    });
    return { body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]), type: `multipart/form-data; boundary=${boundary}` };
}

/** One call with a token. */
export function call(ward, token, method, path, { headers = {}, body, form } = {}) {
    const all = { ...(token && { authorization: `Bearer ${token}` }), ...headers };
    if (form) {
        const made = multipart(form);
        return ward.request(method, BASE + path, { headers: { 'content-type': made.type, ...all }, body: made.body });
    }
    return ward.request(method, BASE + path, { headers: all, body });
}

/** What a tenant has, as its lists, files and published sets tell it. */
export async function everything(ward, setup) {
    const parts = [];
    const read = async (path) => {
        const answer = await call(ward, setup.tokens.admin, 'GET', path);
        parts.push(`${path}: ${answer.status} ${answer.text}`);
        return answer.body?.resultList ?? [];
    };
    for (const project of [setup.p, setup.q]) {
        for (const key of await read(`${project}/keys/`)) await read(`${project}/keys/${encodeURIComponent(key.name)}/export-file/`);
        for (const jwk of await read(`${project}/jwks/`)) await read(`${project}/jwks/${encodeURIComponent(jwk.name)}/`);
        for (const proxy of await read(`${project}/apiProxies/`)) await read(`${project}/apiProxies/${encodeURIComponent(proxy.name)}/`);
    }
    for (const id of [setup.projectId, setup.otherId]) parts.push((await ward.request('GET', `/v1/projects/${id}/environments/production/jwks.json`)).text);
    return parts.join('\n');
}

async function ask(ward, setup, step, variables) {
    const encoded = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, ['p', 'q'].includes(name) ? value : encodeURIComponent(value)]));
    const [method, ...rest] = (step.call ?? step.raw).split(' ');
    const path = fill(rest.join(' '), encoded);
    const headers = fill(step.headers ?? {}, variables);
    let body = step.bytes ?? (step.text !== undefined ? fill(step.text, variables) : step.body === undefined ? undefined : JSON.stringify(fillKeeping(step.body, variables)));
    if (step.raw) return ward.request(method, path, { headers, body: body === undefined ? undefined : JSON.parse(body), ...(step.key && { key: setup.accessKey }) });
    if (body !== undefined && !('content-type' in headers)) headers['content-type'] = 'application/json';
    if (headers['content-type'] === null) delete headers['content-type'];
    const token = step.as === 'nobody' || step.bearer !== undefined ? undefined : step.as && !(step.as in setup.tokens) ? variables[step.as] : setup.tokens[step.as ?? 'admin'];
    if (step.bearer !== undefined) headers.authorization = fillKeeping(step.bearer, { ...variables, ...setup.tokens });
    return call(ward, token, method, path, { headers, body, form: step.form && fillForm(step.form, variables) });
}

const fillForm = (form, variables) => Object.fromEntries(Object.entries(form).map(([name, value]) => [name, typeof value === 'string' ? fill(value, variables) : Buffer.isBuffer(value.content) ? value : { ...value, content: fill(value.content, variables) }]));

export async function run(ward, setup, item) {
    const variables = { ...setup };
    for (const [index, step] of item.steps.entries()) {
        const where = `step ${index + 1} ${step.call ?? step.raw ?? ''}`;
        if (step.move) ward.moveClock(step.move);
        if (!step.call && !step.raw) continue;
        const before = step.unchanged ? await everything(ward, setup) : null;
        const answer = await ask(ward, setup, step, variables);
        const method = (step.call ?? step.raw).split(' ')[0];
        const isProxy = /apiProxies/.test(step.call ?? '');
        assert.equal(answer.status, step.expect ?? step.error?.[0] ?? 200, `${where}: status, body ${answer.text}`);
        if (step.error) assert.equal(answer.text, errorText(step.error[0], fill(step.error[1], variables)), where);
        if (step.deployed || step.undeployed) assert.equal(answer.text, writtenText({ ...step, isProxy, isRemoval: method === 'DELETE' }), where);
        if (step.exact !== undefined) assert.equal(answer.text, fill(step.exact, variables), where);
        if ('equal' in step) assert.deepEqual(answer.body, fillKeeping(step.equal, variables), where);
        if (step.match) check(answer.body ?? answer.text, fillKeeping(step.match, variables), variables, where);
        if (step.order) assert.deepEqual(Object.keys(answer.body), step.order, where);
        for (const [path, names] of Object.entries(step.orderOf ?? {})) assert.deepEqual(Object.keys(member(answer.body, path)), names, `${where} ${path}`);
        for (const [name, value] of Object.entries(step.header ?? {})) check(answer.headers[name], value, variables, `${where} ${name}`);
        if (!step.raw && !['GET', 'HEAD', 'OPTIONS'].includes(method) && answer.status < 300) {
            assert.match(answer.headers['ward-revision'] ?? '', /^[1-9]\d*$/, `${where}: Ward-Revision`);
            assert.equal(answer.headers['ward-applied'], '1/1', `${where}: Ward-Applied`);
        }
        if (!step.raw && answer.text && !step.header?.['content-type']) assert.equal(answer.headers['content-type'], 'application/json;charset=UTF-8', where);
        if (step.unchanged) assert.equal(await everything(ward, setup), before, `${where}: something changed`);
        for (const [name, path] of Object.entries(step.save ?? {})) variables[name] = member(answer.body, path);
        if (step.then) await step.then(answer, { ward, setup, variables });
    }
}
