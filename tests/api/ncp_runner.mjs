// Runs cases of NCP's surface that are data, each in a tenant of its own. A case: { name, rows: [contract rows], clock:
// needs a server whose clock moves, steps: [step] }. A step:
//   call:    'POST /api-keys'           below /api/v1; {x} is replaced by saved and fixture values. `raw: true`: the whole target
//   as:      'admin' | 'user' | 'viewer' | 'none' | 'narrow' (of the second project) | 'foreign' | 'nobody' (unsigned)   (default: admin)
//   sign:    { method, target, offset, accessKey, secretKey }: sign with these instead; offset in ms from the server's time
//   shown:   list of [name, value] or function of the signed headers, instead of the signed headers
//   body:    JSON value, or text: '…' / bytes: Buffer for raw ones; headers: {…}
//   surface: 'theauthapi': the same server's other surface, with the account's access key; 'native': with it in the header that the call wants
//   expect:  status;  error: [errorCode, details] whose whole body is checked;  exact: the body's text;  empty: no body
//   equal / match / order / save / has: as in runner.mjs;  orderOf: { path: [names] }
//   unchanged: true: the tenant's keys, products and plans read the same before and after
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { send, signed } from '../support/ncp_sign.mjs';
import { check, fill, fillKeeping, member } from './runner.mjs';

export const BASE = '/api/v1';

/** contracts/ncp.md 4.2, by errorCode. */
const table = {
    100: [400, 'Bad Request Exception'], 200: [401, 'Authentication Failed'], 210: [401, 'Permission Denied'], 230: [403, 'Forbidden'],
    300: [404, 'Not Found Exception'], 400: [429, 'Quota Exceeded'], 410: [429, 'Throttle Limited'], 420: [429, 'Rate Limited'],
    430: [413, 'Request Entity Too Large'], 500: [503, 'Endpoint Error'], 900: [500, 'Unexpected Error'],
};
export const errorText = (code, details) => `{"error":{"errorCode":"${code}","message":"${table[code][1]}","details":"${details}"}}`;

let made = 0;

/** Two tenants: one with operators of every kind, another that must never show. */
export async function fixtures(ward) {
    const socketPath = join(ward.data, 'ward.sock');
    const control = async (path, body) => {
        const answer = await ward.request('POST', path, { socketPath, body });
        assert.equal(answer.status, 201, `${path}: ${answer.text}`);
        return answer.body;
    };
    const account = async (name) => {
        const answer = await ward.request('POST', '/accounts', { key: ward.credentials.accessKey, body: { name: `${name} ${made += 1}` } });
        assert.equal(answer.status, 201, answer.text);
        return answer.body.id;
    };
    const iam = async (role, accountId, projectId) => {
        const answer = await control('/v1/credentials', { kind: 'iam', role, name: role, accountId, ...(projectId && { projectId }) });
        return { accessKey: answer.publicId, secretKey: answer.value, id: answer.id };
    };
    const accountId = await account('tenant'), foreignAccount = await account('foreign');
    const project = await control('/v1/projects', { name: 'first', accountId, env: 'live' });
    const second = await control('/v1/projects', { name: 'second', accountId, env: 'live' });
    await control('/v1/projects', { name: 'first', accountId: foreignAccount, env: 'live' });
    const access = await control('/v1/credentials', { kind: 'access-key', role: 'admin', name: 'access', accountId });
    return {
        accountId, tenantId: accountId.replaceAll('-', ''), foreignTenant: foreignAccount.replaceAll('-', ''), projectId: project.id, secondId: second.id,
        accessKey: access.value, unknown: '0000000000',
        iam: {
            admin: await iam('admin', accountId), user: await iam('user', accountId), viewer: await iam('viewer', accountId), none: await iam('none', accountId),
            narrow: await iam('admin', accountId, second.id), foreign: await iam('admin', foreignAccount),
        },
    };
}

/** One signed call with curl. */
export function signedCall(ward, iam, method, target, { offset = 0, headers = {}, body, sign = {} } = {}) {
    const who = { ...iam, ...(sign.accessKey && { accessKey: sign.accessKey }), ...(sign.secretKey && { secretKey: sign.secretKey }) };
    const all = { ...signed(who, sign.method ?? method, sign.target ?? target, ward.now() + offset + (sign.offset ?? 0)), ...headers };
    if (body !== undefined && !('content-type' in all)) all['content-type'] = 'application/json';
    return send(ward.url, method, target, { headers: all, body });
}

/** What a tenant has, as its lists tell it. */
export async function everything(ward, setup) {
    const parts = [];
    for (const [method, path] of [['GET', '/api-keys'], ['GET', '/products'], ['POST', '/usage-plans/search']]) {
        const answer = await signedCall(ward, setup.iam.admin, method, BASE + path, method === 'POST' ? { body: '{}' } : {});
        assert.equal(answer.status, 200, answer.text);
        parts.push(answer.text);
    }
    return parts.join('\n');
}

async function ask(ward, setup, step, variables) {
    const [method, ...rest] = step.call.split(' ');
    const path = fill(rest.join(' '), variables);
    const body = step.bytes ?? (step.text !== undefined ? fill(step.text, variables) : step.body === undefined ? undefined : JSON.stringify(fill(step.body, variables)));
    const headers = fill(step.headers ?? {}, variables);
    if (step.surface) {
        const key = step.surface === 'theauthapi' ? { key: setup.accessKey } : { headers: { 'ward-access-key': setup.accessKey, ...headers } };
        const answer = await ward.request(method, path, { headers, ...key, body: step.body === undefined ? undefined : fill(step.body, variables) });
        return { ...answer, isOther: true };
    }
    const target = step.raw ? path : BASE + path;
    if (step.as === 'nobody') return send(ward.url, method, target, { headers: step.shown ? fill(step.shown, variables) : headers, body });
    const iam = setup.iam[step.as ?? 'admin'];
    const sign = fill(step.sign ?? {}, variables);
    if (!step.shown) return signedCall(ward, iam, method, target, { headers, body, sign });
    const right = signed({ ...iam, ...sign }, sign.method ?? method, sign.target ?? target, ward.now() + (sign.offset ?? 0));
    return send(ward.url, method, target, { headers: step.shown(right), body });
}

export async function run(ward, setup, item) {
    const variables = { ...setup };
    for (const [name, iam] of Object.entries(setup.iam)) variables[`${name}Id`] = iam.id;
    for (const [index, step] of item.steps.entries()) {
        const where = `step ${index + 1} ${step.call ?? ''}`;
        if (step.move) ward.moveClock(step.move);
        if (!step.call) continue;
        const before = step.unchanged ? await everything(ward, setup) : null;
        const answer = await ask(ward, setup, step, variables);
        assert.equal(answer.status, step.expect ?? table[step.error[0]][0], `${where}: status, body ${answer.text}`);
        if (answer.text && !answer.isOther) assert.equal(answer.headers['content-type'], 'application/json;charset=UTF-8', where);
        if (step.error) assert.equal(answer.text, errorText(step.error[0], fill(step.error[1], variables)), where);
        if (step.empty) assert.equal(answer.text, '', where);
        if (step.exact !== undefined) assert.equal(answer.text, fill(step.exact, variables), where);
        if ('equal' in step) assert.deepEqual(answer.body, fill(step.equal, variables), where);
        if (step.match) check(answer.body, fillKeeping(step.match, variables), variables, where);
        if (step.order) assert.deepEqual(Object.keys(answer.body), step.order, where);
        for (const [path, names] of Object.entries(step.orderOf ?? {})) assert.deepEqual(Object.keys(member(answer.body, path)), names, `${where} ${path}`);
        if (!answer.isOther && step.call.split(' ')[0] !== 'GET' && answer.status < 300 && !/\/search$/.test(step.call)) {
            assert.match(answer.headers['ward-revision'] ?? '', /^[1-9]\d*$/, `${where}: Ward-Revision`);
            assert.equal(answer.headers['ward-applied'], '1/1', `${where}: Ward-Applied`);
        }
        if (step.unchanged) assert.equal(await everything(ward, setup), before, `${where}: something changed`);
        for (const [name, path] of Object.entries(step.save ?? {})) variables[name] = member(answer.body, path);
    }
}
