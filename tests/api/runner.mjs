// Runs cases that are data. A case: { name, rows: [contract rows], steps: [step] }. A step:
//   call:    'POST /api-keys/{k}'       {x} is replaced by saved and fixture values
//   as:      'admin' | 'user' | 'viewer' | 'none' | 'project' | 'projectViewer' | 'nobody' (default: admin)
//   body:    JSON value, or text: '…' for raw bytes; headers: {…}
//   move:    ms to move the server's clock before the call
//   prepare: how variables are written into the path (encodeURIComponent)
//   expect:  status;  exact: the body's exact text;  verbatim: text the body holds;  equal: deep equality;  match: members (nested) that must match;
//            order: the member names in order;  has / lacks: header names;  header: { name: value | RegExp }
//   save:    { name: 'path.in.body' }
// Values that are RegExp are matched against the text, functions are called with (value, variables).
import assert from 'node:assert/strict';

export function fill(value, variables) {
    if (typeof value === 'string') {
        return value.replace(/\{([A-Za-z]\w*)\}/g, (whole, name) => {
            if (!(name in variables)) return whole;
            return String(variables[name]);
        });
    }
    if (Array.isArray(value)) return value.map((item) => fill(item, variables));
    if (value && typeof value === 'object' && !(value instanceof RegExp)) {
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [fill(name, variables), fill(item, variables)]));
    }
    return value;
}

export function check(actual, wanted, variables, where) {
    if (wanted instanceof RegExp) {
        assert.match(String(actual), wanted, where);
    } else if (typeof wanted === 'function') {
        assert.ok(wanted(actual, variables), `${where}: ${JSON.stringify(actual)} does not satisfy ${wanted}`);
    } else if (Array.isArray(wanted)) {
        assert.ok(Array.isArray(actual), `${where} is no array: ${JSON.stringify(actual)}`);
        assert.equal(actual.length, wanted.length, `${where}: length of ${JSON.stringify(actual)}`);
        wanted.forEach((item, index) => check(actual[index], item, variables, `${where}[${index}]`));
    } else if (wanted && typeof wanted === 'object') {
        assert.ok(actual && typeof actual === 'object', `${where} is no object: ${JSON.stringify(actual)}`);
        for (const [name, item] of Object.entries(wanted)) check(actual[name], item, variables, `${where}.${name}`);
    } else {
        assert.deepEqual(actual, wanted, where);
    }
}

export const member = (body, path) => (path === '' ? body : path.split('.').reduce((value, name) => value?.[name], body));

/** Make the callers and projects a case works with. */
export async function fixtures(ward, admin) {
    const make = async (name, more) => {
        const answer = await ward.request('POST', '/access-keys', { key: admin.accessKey, body: { name, ...more } });
        assert.equal(answer.status, 201, `${name}: ${answer.text}`);
        return answer.body.key;
    };
    const project = async (env) => {
        const name = `p-${process.hrtime.bigint()}`;
        const answer = await ward.request('POST', '/projects', { key: admin.accessKey, body: { name, accountId: admin.accountId, env } });
        assert.equal(answer.status, 201, answer.text);
        return answer.body.id;
    };
    const [projectId, otherId, testId] = [await project('live'), await project('live'), await project('test')];
    return {
        accountId: admin.accountId, foreignAccount: admin.foreignAccount, foreignProject: admin.foreignProject, projectId, otherId, testId, unknownId: '00000000-0000-4000-8000-000000000000',
        keys: {
            admin: admin.accessKey, nobody: undefined,
            user: await make('user', { role: 'user' }), viewer: await make('viewer', { role: 'viewer' }),
            none: admin.none,
            project: await make('project', { projectId }), projectUser: await make('projectUser', { projectId, role: 'user' }),
            projectViewer: await make('projectViewer', { projectId, role: 'viewer' }), other: await make('other', { projectId: otherId }),
        },
    };
}

export async function run(ward, setup, test) {
    const variables = { ...setup, ...Object.fromEntries(Object.entries(setup.keys).map(([name, key]) => [`${name}Key`, key])) };
    variables.unique = `u${process.hrtime.bigint()}`;
    for (const [index, step] of test.steps.entries()) {
        const where = `step ${index + 1} ${step.call ?? ''}`;
        if (step.move) ward.moveClock(step.move);
        if (step.wait) await step.wait(ward, variables);
        if (!step.call) continue;
        const [method, ...rest] = step.call.split(' ');
        const values = step.prepare ? Object.fromEntries(Object.entries(variables).map(([n, v]) => [n, step.prepare(v)])) : variables;
        const answer = await ward.request(method, fill(rest.join(' '), values), {
            key: 'as' in step ? setup.keys[step.as] : setup.keys.admin,
            headers: fill(step.headers ?? {}, variables),
            body: step.text !== undefined ? fill(step.text, variables) : fill(step.body, variables),
        });
        assert.equal(answer.status, step.expect, `${where}: status, body ${answer.text}`);
        const type = answer.headers['content-type'];
        if (answer.text) assert.equal(type, 'application/json; charset=utf-8', where);
        if (step.exact !== undefined) assert.equal(answer.text, fill(step.exact, variables), where);
        if (step.verbatim !== undefined) assert.ok(answer.text.includes(step.verbatim), `${where}: ${answer.text} does not hold ${step.verbatim}`);
        if ('equal' in step) assert.deepEqual(answer.body, fill(step.equal, variables), where);
        if (step.match) check(answer.body, fillKeeping(step.match, variables), variables, where);
        if (step.order) assert.deepEqual(Object.keys(answer.body), step.order, where);
        for (const name of step.has ?? []) assert.ok(name in answer.headers, `${where}: header ${name} is missing`);
        for (const name of step.lacks ?? []) assert.ok(!(name in answer.headers), `${where}: header ${name} is there`);
        for (const [name, value] of Object.entries(step.header ?? {})) check(answer.headers[name], value, variables, `${where} ${name}`);
        if (step.reason) assert.equal(answer.reason, step.reason, where);
        if (['POST', 'PATCH', 'DELETE'].includes(method) && answer.status < 300 && !/\/auth\//.test(rest[0])) {
            assert.match(answer.headers['ward-revision'] ?? '', /^[1-9]\d*$/, `${where}: Ward-Revision`);
            assert.equal(answer.headers['ward-applied'], '1/1', `${where}: Ward-Applied`);
        }
        for (const [name, path] of Object.entries(step.save ?? {})) variables[name] = member(answer.body, path);
    }
}

export function fillKeeping(value, variables) { // like fill, but leaves RegExp and functions alone
    if (value instanceof RegExp || typeof value === 'function') return value;
    if (Array.isArray(value)) return value.map((item) => fillKeeping(item, variables));
    if (value && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fillKeeping(item, variables)]));
    }
    return fill(value, variables);
}
