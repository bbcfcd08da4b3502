// The program as its operator meets it: init, serve, the CLI, TLS, signals, and each refusal with its remedy.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { Ward, alterStore, init, makeDirectory, program, request, slow, until } from '../support/ward.mjs';

const root = makeDirectory();
after(() => rmSync(root, { recursive: true, force: true }));
const ward = (...args) => spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 * slow });
const cli = (data, ...args) => {
    const result = spawnSync(program, [...args, '--data', data, '--output', 'json'], { encoding: 'utf8', timeout: 20_000 * slow });
    assert.equal(result.status, 0, `${args.join(' ')}: ${result.stderr}`);
    return result.stdout ? JSON.parse(result.stdout) : undefined;
};
const serve = (data, ...args) => ward('serve', '--data', data, '--listen', '127.0.0.1:0', ...args);

describe('help teaches', () => {
    test('ward help, version, serve --help', () => {
        const help = ward('help');
        assert.equal(help.status, 0);
        for (const command of ['init', 'serve', 'verify', 'credential', 'key', 'project', 'status', 'help', 'version']) assert.match(help.stdout, new RegExp(`\\b${command}\\b`));
        assert.match(ward('version').stdout, /\d+\.\d+\.\d+/);
        const options = ward('serve', '--help').stdout;
        for (const option of ['--data', '--listen', '--verify-listen', '--tls-listen', '--insecure-http', '--max-staleness', 'WARD_']) assert.ok(options.includes(option), option);
    });
    test('unknown command and option: exit 2 and a hint', () => {
        for (const args of [['nonsense'], ['serve', '--nonsense'], ['key', 'nonsense'], []]) {
            const { status, stderr, stdout } = ward(...args);
            assert.notEqual(status, 0, args.join(' '));
            assert.ok((stderr + stdout).length > 20, args.join(' '));
        }
        assert.equal(ward('serve', '--nonsense').status, 2);
    });
});

describe('data directory', () => {
    test('init: private files, once', () => {
        const data = join(root, 'once');
        init(data);
        assert.equal(statSync(data).mode & 0o777, 0o700);
        for (const file of readdirSync(data)) assert.equal(statSync(join(data, file)).mode & 0o077, 0, file);
        const again = ward('init', '--data', data);
        assert.notEqual(again.status, 0);
        assert.match(again.stderr, /already|exists/i);
    });
    test('serve without init says how', () => {
        const { status, stderr } = serve(join(root, 'missing'));
        assert.notEqual(status, 0);
        assert.match(stderr, /ward init/);
    });
    test('another root key, a looser mode, a later version', () => {
        const [data, other] = [join(root, 'a'), join(root, 'b')];
        init(data); init(other);
        const swapped = join(root, 'swapped');
        cpSync(data, swapped, { recursive: true }); chmodSync(swapped, 0o700);
        copyFileSync(join(other, 'root.key'), join(swapped, 'root.key'));
        const mismatch = serve(swapped);
        assert.notEqual(mismatch.status, 0);
        assert.match(mismatch.stderr, /root key/i);
        const loose = join(root, 'loose');
        cpSync(data, loose, { recursive: true }); chmodSync(loose, 0o755);
        assert.notEqual(serve(loose).status, 0);
        const key = join(root, 'loosekey');
        cpSync(data, key, { recursive: true }); chmodSync(key, 0o700); chmodSync(join(key, 'root.key'), 0o644);
        assert.notEqual(serve(key).status, 0);
        const later = join(root, 'later');
        cpSync(data, later, { recursive: true }); chmodSync(later, 0o700);
        alterStore(later, 'INSERT INTO schema_version VALUES (9999, 0)');
        const version = serve(later);
        assert.notEqual(version.status, 0);
        assert.match(version.stderr, /version/i);
    });
    test('a store that is no store', () => {
        const data = join(root, 'garbage');
        init(data);
        for (const file of readdirSync(data).filter((name) => name.startsWith('ward.db-'))) rmSync(join(data, file));
        writeFileSync(join(data, 'ward.db'), 'x'.repeat(8192));
        const { status, stderr } = serve(data);
        assert.notEqual(status, 0);
        assert.match(stderr, /ward\.db/);
    });
});

describe('serving', () => {
    test('a second serve on the directory, a port in use', async () => {
        const server = await Ward.start();
        try {
            const second = serve(server.data);
            assert.notEqual(second.status, 0);
            assert.match(second.stderr, /another|already|holds/i);
            const other = join(root, 'port');
            init(other);
            const busy = ward('serve', '--data', other, '--listen', `127.0.0.1:${server.port}`);
            assert.notEqual(busy.status, 0);
            assert.match(busy.stderr, /in use/i);
            assert.match(busy.stderr, new RegExp(`${server.port}`));
        } finally {
            await server.stop();
        }
    });
    test('plain listeners that are not loopback need --insecure-http', () => {
        const data = join(root, 'plain');
        init(data);
        for (const args of [['--listen', '0.0.0.0:0'], ['--listen', '[::]:0'], ['--verify-listen', '0.0.0.0:0']]) {
            const { status, stderr } = ward('serve', '--data', data, '--listen', '127.0.0.1:0', ...args);
            assert.notEqual(status, 0, args.join(' '));
            assert.match(stderr, /--insecure-http/);
        }
    });
    test('SIGTERM drains: what was accepted is answered, exit 0', async () => {
        const server = await Ward.start();
        const calls = Array.from({ length: 32 }, (_, n) => server.request('POST', '/api-keys', { key: server.credentials.accessKey, body: { name: `n${n}`, projectId: server.credentials.projectId } }).catch((error) => ({ error })));
        await until(async () => server.child.exitCode === null, 'running');
        await Promise.race(calls);
        const end = await server.stop();
        assert.deepEqual(end, { code: 0, signal: null });
        for (const answer of await Promise.all(calls)) assert.ok(answer.error || answer.status === 201 || answer.status === 503);
    });
    test('kill -9, start again: the key still authenticates', async () => {
        const server = await Ward.start();
        const made = await server.request('POST', '/api-keys', { key: server.credentials.accessKey, body: { name: 'n', projectId: server.credentials.projectId } });
        await server.kill('SIGKILL');
        await server.spawn();
        assert.equal((await server.request('POST', `/api-keys/auth/${made.body.key}`, { key: server.credentials.accessKey })).status, 200);
        await server.stop();
    });
    test('the table may be deleted at any time', async () => {
        const server = await Ward.start();
        const made = await server.request('POST', '/api-keys', { key: server.credentials.accessKey, body: { name: 'n', projectId: server.credentials.projectId } });
        await server.kill('SIGTERM');
        for (const file of ['table', 'limits']) rmSync(join(server.data, file), { force: true });
        await server.spawn();
        assert.equal((await server.request('POST', `/api-keys/auth/${made.body.key}`, { key: server.credentials.accessKey })).status, 200);
        await server.stop();
    });
    test('TLS: served, reloaded on SIGHUP, plain HTTP refused on it', async () => {
        const folder = join(root, 'tls');
        mkdirSync(folder);
        const certificate = (name) => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')], { stdio: 'ignore' });
        certificate('first');
        chmodSync(join(folder, 'key.pem'), 0o600);
        const server = await Ward.start({ args: ['--tls-listen', '127.0.0.1:0', '--tls-certificate', join(folder, 'certificate.pem'), '--tls-key', join(folder, 'key.pem')] });
        try {
            const port = Number(server.address('tls').split(':').at(-1));
            const name = () => new Promise((resolve, reject) => {
                const call = https.request({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, agent: false }, (answer) => { const subject = answer.socket.getPeerCertificate().subject.CN; answer.resume(); answer.on('end', () => resolve(`${answer.statusCode} ${subject}`)); });
                call.on('error', reject);
                call.end();
            });
            assert.equal(await name(), '200 first');
            certificate('second');
            chmodSync(join(folder, 'key.pem'), 0o600);
            server.child.kill('SIGHUP');
            await until(async () => (await name()) === '200 second', 'the second certificate is served');
            writeFileSync(join(folder, 'certificate.pem'), 'broken');
            server.child.kill('SIGHUP');
            await until(() => server.log.some((line) => /reload/.test(line) && /(warn|error)/.test(line)), 'the failed reload is logged');
            assert.equal(await name(), '200 second');
            await assert.rejects(request({ host: '127.0.0.1', port, method: 'GET', path: '/healthz' }));
        } finally {
            await server.stop();
        }
    });
    test('the log: JSON lines, routes and not paths, request ids', async () => {
        const server = await Ward.start({ args: ['--access-log', 'on'] });
        const answer = await server.request('GET', '/api-keys/some-secret-value', { key: server.credentials.accessKey });
        await until(() => server.log.some((line) => line.includes(answer.headers['request-id'])), 'the request is logged');
        const line = JSON.parse(server.log.find((l) => l.includes(answer.headers['request-id'])));
        assert.equal(line.status, 404);
        assert.ok(JSON.stringify(line).includes('/api-keys/{key}'));
        for (const text of server.log) { JSON.parse(text); assert.ok(!text.includes('some-secret-value')); }
        await server.stop();
    });
    test('files in the directory are private', async () => {
        const server = await Ward.start();
        for (const file of readdirSync(server.data)) assert.equal(statSync(join(server.data, file)).mode & 0o077, 0, file);
        await server.stop();
    });
});

describe('the CLI, with and without a server', () => {
    test('projects, keys, credentials, status, verify', async () => {
        const server = await Ward.start();
        const { data, credentials } = server;
        const works = (state) => {
            const project = cli(data, 'project', 'create', '--name', `cli-${state}`, '--env', 'test');
            assert.equal(project.env, 'test');
            const key = cli(data, 'key', 'create', '--name', `k-${state}`, '--project', `cli-${state}`, '--limit', '5', '--window', '60');
            assert.match(key.key, /^test_/);
            assert.match(key.id, /^[a-z0-9]{10}$/);
            assert.ok(cli(data, 'key', 'list', '--project', `cli-${state}`).some((k) => k.id === key.id));
            assert.equal(cli(data, 'key', 'show', key.id).name, `k-${state}`);
            cli(data, 'key', 'delete', key.id);
            cli(data, 'key', 'reactivate', key.id);
            const rotated = cli(data, 'key', 'rotate', key.id);
            assert.notEqual(rotated.key, key.key);
            const access = cli(data, 'credential', 'create', '--kind', 'access-key', '--role', 'viewer', '--name', 'v');
            assert.match(access.value, /^live_access_/);
            assert.match(cli(data, 'credential', 'create', '--kind', 'token', '--role', 'admin', '--name', 't').value, /^apnz_/);
            const iam = cli(data, 'credential', 'create', '--kind', 'iam', '--role', 'admin', '--name', 'i');
            assert.ok(iam.publicId && iam.value);
            return { key: rotated.key, access: access.value };
        };
        const made = works('served');
        assert.equal((await server.request('POST', `/api-keys/auth/${made.key}`, { key: credentials.accessKey })).status, 200);
        assert.equal((await server.request('GET', '/projects', { key: made.access })).status, 200);
        const verify = (key) => spawnSync(program, ['verify', '--data', data, '--output', 'json'], { input: `${key}\n`, encoding: 'utf8' });
        const good = verify(made.key);
        assert.equal(good.status, 0, good.stderr);
        assert.equal(JSON.parse(good.stdout).verdict, 'valid');
        const bad = verify('unknown');
        assert.equal(bad.status, 1);
        assert.equal(JSON.parse(bad.stdout).verdict, 'unknown');
        assert.ok(cli(data, 'status').revision > 0);
        await server.kill('SIGTERM');
        const offline = works('stopped');
        await server.spawn();
        assert.equal((await server.request('POST', `/api-keys/auth/${offline.key}`, { key: credentials.accessKey })).status, 200);
        await server.stop();
    });
    test('no secret is taken from the arguments', () => {
        const { status, stderr } = ward('verify', '--data', root, 'live_somekey');
        assert.equal(status, 2);
        assert.match(stderr, /standard input/);
    });
    test('nothing is left behind by a failed init', () => {
        const data = join(root, 'file-in-the-way');
        writeFileSync(data, '');
        assert.notEqual(ward('init', '--data', data).status, 0);
        rmSync(data);
        init(data);
        assert.ok(existsSync(join(data, 'ward.db')));
    });
});
