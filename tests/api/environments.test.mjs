// Environments and narrow tokens on the command line: while a server runs, and on a stopped directory.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Ward, alterStore, init, makeDirectory, program, slow } from '../support/ward.mjs';

const root = makeDirectory();
after(() => rmSync(root, { recursive: true, force: true }));

const run = (data, ...args) => spawnSync(program, [...args, '--data', data, '--output', 'json'], { encoding: 'utf8', timeout: 20_000 * slow });
const ward = (data, ...args) => {
    const result = run(data, ...args);
    assert.equal(result.status, 0, `${args.join(' ')}: ${result.stderr}`);
    return result.stdout ? JSON.parse(result.stdout) : undefined;
};
const refused = (data, pattern, ...args) => {
    const { status, stdout, stderr } = run(data, ...args);
    assert.notEqual(status, 0, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, pattern);
};

for (const isServed of [true, false]) describe(isServed ? 'beside a server' : 'on a stopped directory', () => {
    let server, data, first;
    before(async () => {
        server = isServed ? await Ward.start() : undefined;
        data = isServed ? server.data : join(root, 'stopped');
        first = isServed ? server.credentials : init(data);
    });
    after(() => server?.stop());

    test('the first one is there', () => {
        assert.equal(first.environment, 'production');
        const [only, ...others] = ward(data, 'environment', 'list');
        assert.deepEqual(others, []);
        const { id, createdAt, updatedAt, ...rest } = only;
        assert.match(id, /^[0-9a-f]{24}$/);
        assert.ok(createdAt && updatedAt);
        assert.deepEqual(rest, { name: 'production', description: '', type: 'PRODUCTION', status: 'PUBLISHED', accessUrl: '', accountId: first.accountId, projects: [], replicas: [{ name: 'embedded', directory: null }] });
        assert.deepEqual(ward(data, 'environment', 'show', 'production'), only);
        assert.deepEqual(ward(data, 'environment', 'show', id), only);
    });

    test('create, update, delete', () => {
        ward(data, 'project', 'create', '--name', 'second');
        const made = ward(data, 'environment', 'create', '--name', 'Test (Yusuf)', '--type', 'TEST', '--description', 'd', '--access-url', 'https://test.example.com', '--project', 'second', '--replica', 'embedded', '--replica', `edge=${join(root, 'edge')}`);
        assert.equal(made.type, 'TEST');
        assert.equal(made.projects.length, 1);
        assert.deepEqual(made.replicas, [{ name: 'edge', directory: join(root, 'edge') }, { name: 'embedded', directory: null }]);
        assert.deepEqual(ward(data, 'environment', 'list').map(({ name }) => name), ['Test (Yusuf)', 'production']);
        const changed = ward(data, 'environment', 'update', 'Test (Yusuf)', '--name', 'test', '--project', 'all', '--status', 'UNPUBLISHED', '--replica', 'embedded');
        assert.equal(changed.id, made.id);
        assert.deepEqual(changed.projects, []);
        assert.equal(changed.replicas.length, 1);
        assert.equal(changed.description, 'd');
        assert.equal(changed.status, 'UNPUBLISHED');
        ward(data, 'environment', 'delete', 'test');
        assert.deepEqual(ward(data, 'environment', 'list').map(({ name }) => name), ['production']);
    });

    test('what is refused, and changes nothing', () => {
        const state = JSON.stringify(ward(data, 'environment', 'list'));
        for (const [pattern, ...args] of [
            [/--name is missing/, 'create'],
            [/conflict|taken/i, 'create', '--name', 'production'],
            [/PRODUCTION/, 'create', '--name', 'x', '--type', 'DEV'],
            [/projects/, 'create', '--name', 'x', '--project', 'nowhere'],
            [/replicas/, 'create', '--name', 'x', '--replica', 'edge=relative'],
            [/replicas/, 'create', '--name', 'x', '--replica', 'embedded=/srv/keys'],
            [/accessUrl/, 'create', '--name', 'x', '--access-url', 'ftp://x'],
            [/name/, 'create', '--name', ' '],
            [/no environment nowhere/, 'show', 'nowhere'],
            [/no environment nowhere/, 'update', 'nowhere', '--name', 'x'],
            [/no environment nowhere/, 'delete', 'nowhere'],
        ]) refused(data, pattern, 'environment', ...args);
        assert.equal(JSON.stringify(ward(data, 'environment', 'list')), state);
    });

    test('a token with grants and nothing else', () => {
        const token = ward(data, 'credential', 'create', '--kind', 'token', '--grant', 'SECRETS:MANAGE', '--grant', 'ROLE_DEPLOY_UNDEPLOY_PROXIES', '--project', 'default');
        assert.match(token.value, /^apnz_[A-Za-z0-9]{43}$/);
        assert.equal(token.role, 'none');
        assert.deepEqual(token.grants, ['API_MANAGEMENT:DEPLOY_UNDEPLOY', 'SECRETS:MANAGE', 'SECRETS:DEPLOY_UNDEPLOY']);
        const pair = ward(data, 'credential', 'create', '--kind', 'iam', '--role', 'viewer', '--grant', 'SECRETS:EXPORT_IMPORT');
        assert.equal(pair.role, 'viewer');
        assert.deepEqual(pair.grants, ['SECRETS:EXPORT_IMPORT']);
        const listed = ward(data, 'credential', 'list').find(({ id }) => id === token.id);
        assert.deepEqual(listed.grants, token.grants);
        assert.ok(!('value' in listed));
    });

    test('grants that are refused', () => {
        const state = JSON.stringify(ward(data, 'credential', 'list'));
        refused(data, /there is no grant API_MANAGEMENT:EXECUTE; there are: .*SECRETS:MANAGE.*ROLE_API_SECURITY/, 'credential', 'create', '--kind', 'token', '--grant', 'API_MANAGEMENT:EXECUTE');
        refused(data, /token or an IAM pair/, 'credential', 'create', '--kind', 'access-key', '--role', 'viewer', '--grant', 'SECRETS:VIEW');
        refused(data, /--role is missing/, 'credential', 'create', '--kind', 'token');
        assert.equal(JSON.stringify(ward(data, 'credential', 'list')), state);
    });
});

test('a store of version 4 gets its tables and its first environment', async () => {
    const data = join(root, 'older');
    const first = init(data);
    alterStore(data, ['api_proxy_deployment', 'api_proxy', 'jwk', 'crypto_key_entry', 'crypto_key', 'replica', 'environment_project', 'environment'].map((table) => `DROP TABLE ${table};`).join('\n')
        + `DROP INDEX credential_issued; ALTER TABLE credential DROP COLUMN grants; ALTER TABLE credential DROP COLUMN issued_by; DELETE FROM schema_version WHERE version > 4`);
    const server = await Ward.start({ data, credentials: first });
    try {
        assert.deepEqual(ward(data, 'environment', 'list').map(({ name, accountId }) => [name, accountId]), [['production', first.accountId]]);
        assert.equal(ward(data, 'credential', 'list').length, 3);
    } finally {
        await server.stop();
    }
});
