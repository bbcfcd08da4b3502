// Data directories full of keys, made once and kept below the build folder. Never committed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a cached directory depends on: the schema, the form of its pages and the program that fills it. */
export function stamp(root) {
    const hash = createHash('sha256');
    const schema = join(root, 'src/store/schema');
    for (const name of readdirSync(schema).sort()) hash.update(readFileSync(join(schema, name)));
    for (const name of ['bench/seed.c', 'src/store/sqlite/pages.c', 'src/base/check.h', 'src/base/check.c']) if (existsSync(join(root, name))) hash.update(readFileSync(join(root, name)));
    return hash.digest('hex').slice(0, 12);
}

/** A directory with so many used keys: { data, keysFile, keys(), accessKey, projectId }. */
export function seeded(context, count) {
    const cache = join(context.build, 'bench-data');
    const home = join(cache, `${count}-${stamp(context.root)}`);
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(cache)) if (name.startsWith(`${count}-`) && join(cache, name) !== home) rmSync(join(cache, name), { recursive: true });
    if (!existsSync(home)) {
        context.say(`making ${count} keys (kept in ${home})`);
        const fresh = `${home}.new`;
        rmSync(fresh, { recursive: true, force: true });
        mkdirSync(fresh, { mode: 0o700 });
        const credentials = execFileSync(join(context.build, 'bench/seed'), [join(fresh, 'data'), `${count}`, join(fresh, 'keys')], { stdio: ['ignore', 'pipe', 'inherit'] });
        writeFileSync(join(fresh, 'credentials.json'), credentials, { mode: 0o600 });
        renameSync(fresh, home);
    }
    const keysFile = join(home, 'keys');
    return {
        ...JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8')),
        data: join(home, 'data'),
        keysFile,
        keys: () => readFileSync(keysFile, 'utf8').trimEnd().split('\n'),
    };
}

/** A copy of a seeded directory for a verb that writes: { …, data } below the run's own directory. */
export function copied(context, source) {
    const data = join(context.directory, 'data');
    rmSync(data, { recursive: true, force: true });
    cpSync(source.data, data, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    return { ...source, data };
}

/** The requests that the verbs send, as files. */
export function requests(context, { accessKey, projectId }) {
    const file = (name, text) => { const path = join(context.directory, name); writeFileSync(path, text, { mode: 0o600 }); return path; };
    const withBody = (line, body) => `${line} HTTP/1.1\r\nHost: x\r\nx-api-key: ${accessKey}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body.replaceAll('%N', '00000000'))}\r\n\r\n${body}`;
    const limit = '"rateLimitConfigs":{"rateLimit":1000000000,"rateLimitTtl":86400}';
    return {
        file,
        authorize: file('authorize', 'GET /v1/authorize HTTP/1.1\r\nHost: x\r\nx-api-key: %K\r\n\r\n'),
        authenticate: file('authenticate', `POST /api-keys/auth/%K HTTP/1.1\r\nHost: x\r\nx-api-key: ${accessKey}\r\nContent-Length: 0\r\n\r\n`),
        plain: file('plain', `GET / HTTP/1.1\r\nHost: x\r\nx-api-key: live_${'0123456789abcdef'.repeat(4)}\r\n\r\n`),
        create: file('create', withBody('POST /api-keys', `{"name":"bench %N","projectId":"${projectId}","customUserId":"user-%N",${limit}}`)),
        // another name each time: bytes that are as before are no change (and cost less than one)
        rename: file('rename', withBody('PATCH /api-keys/%K', '{"name":"renamed %N"}')),
        bloat: file('bloat', withBody('PATCH /api-keys/%K', `{"name":"bloated","customMetaData":{"number":"%N","filler":"${'x'.repeat(16_000)}"}}`)),
        slowHead: file('slow-head', 'GET /v1/authorize HTTP/1.1\r\nHost: x\r\nx-slow: '),
        slowBody: file('slow-body', `POST /api-keys HTTP/1.1\r\nHost: x\r\nx-api-key: ${accessKey}\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"name":"`),
        slowRead: file('slow-read', `GET /api-keys?projectId=${projectId}&limit=200 HTTP/1.1\r\nHost: x\r\nx-api-key: ${accessKey}\r\n\r\n`),
    };
}
