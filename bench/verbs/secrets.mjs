// Keys and JWKs: what a replaced key costs that a thousand JWKs refer to, and what it costs to find one among 100,000.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

import { stamp } from '../data.mjs';
import { interleave, ratios, shown, spread, table } from '../measure.mjs';
import { ward } from '../peers.mjs';

export const about = 'a key that 1,000 JWKs refer to is replaced; keys and JWKs among 100,000 (3 minutes; the first time 2 more)';

const FEW = 100, MANY = 100_000, REFERRING = 1_000;

/** A client of one connection: each call waits for the answer of the one before. */
function client(port, token) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const call = (method, path, body) => new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const request = http.request({ agent, port, method, path: `/apiops${path}`, headers: { authorization: `Bearer ${token}`, ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }) } }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => {
                const read = Buffer.concat(parts).toString();
                if (answer.statusCode !== 200) reject(new Error(`${method} ${path}: ${answer.statusCode} ${read}`));
                else resolve(read);
            });
        });
        request.on('error', reject);
        request.end(text);
    });
    return { call, end: () => agent.destroy() };
}

/** Milliseconds of each call, in a row for so long. */
async function timed(seconds, step) {
    const times = [];
    const until = Date.now() + seconds * 1000;
    for (let n = 0; Date.now() < until || n < 3; n += 1) {
        const began = process.hrtime.bigint();
        await step(n);
        times.push(Number(process.hrtime.bigint() - began) / 1e6);
    }
    const { value } = spread(times);
    return { ms: value, text: `${value.toFixed(2)} ms (${times.length} calls)` };
}

/** A directory with so many keys and JWKs in one project, made once. */
function filled(context, count) {
    const cache = join(context.build, 'bench-data');
    const home = join(cache, `secrets-${count}-${stamp(context.root)}`);
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(cache)) if (name.startsWith(`secrets-${count}-`) && join(cache, name) !== home) rmSync(join(cache, name), { recursive: true });
    if (!existsSync(home)) {
        context.say(`making ${count} keys and ${count} JWKs (kept in ${home})`);
        const fresh = `${home}.new`;
        rmSync(fresh, { recursive: true, force: true });
        mkdirSync(fresh, { mode: 0o700 });
        const credentials = execFileSync(join(context.build, 'bench/secrets'), [join(fresh, 'data'), `${count}`], { stdio: ['ignore', 'pipe', 'inherit'] });
        writeFileSync(join(fresh, 'credentials.json'), credentials, { mode: 0o600 });
        renameSync(fresh, home);
    }
    const data = join(context.directory, `secrets-${count}`);
    cpSync(join(home, 'data'), data, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    return { ...JSON.parse(readFileSync(join(home, 'credentials.json'), 'utf8')), data };
}

const content = () => Buffer.from(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })).toString('base64');

/** Two keys in two environments, one with one JWK and one with many. */
async function referring(context, say) {
    const source = filled(context, 1);
    const server = await ward(context.program, source.data, context.directory);
    await new Promise((resolve, reject) => {
        const body = JSON.stringify({ name: 'second', type: 'TEST' });
        const request = http.request({ socketPath: join(source.data, 'ward.sock'), method: 'POST', path: '/v1/environments', headers: { 'content-type': 'application/json', 'content-length': body.length } }, (answer) => { answer.resume(); answer.on('end', () => (answer.statusCode === 201 ? resolve() : reject(new Error(`environment: ${answer.statusCode}`)))); });
        request.on('error', reject);
        request.end(body);
    });
    const { call, end } = client(server.addresses.tcp, source.token);
    const project = `/projects/${encodeURIComponent(source.project)}`;
    const contents = [content(), content()];
    const entries = (n) => ['production', 'second'].map((environmentName) => ({ environmentName, content: contents[n % 2] }));
    for (const [name, count] of [['one', 1], ['many', REFERRING]]) {
        await call('POST', `${project}/keys/`, { name, keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: entries(0) });
        say(`making ${count} JWKs of a key`);
        for (let n = 0; n < count; n += 1) await call('POST', `${project}/jwks/parse-from-key`, { name: `${name} ${n}`, keyName: name, environmentName: 'production', useType: 'SIGNATURE', algorithm: 'RS256' });
    }
    let turn = 0;
    const put = (name) => () => call('PUT', `${project}/keys/${name}/?jwkUpdateAction=UPDATE&updateScope=SAME_PROJECT`, { cryptoKeyInfoEnvironmentList: entries(turn += 1) });
    return { one: put('one'), many: put('many'), end: async () => { end(); await server.stop(); } };
}

export async function run(context) {
    const { rounds, seconds, say } = context;
    const referred = await referring(context, say);
    const updates = await interleave([
        { name: 'PUT of a key with 1 JWK', run: () => timed(seconds, referred.one) },
        { name: `PUT of a key with ${REFERRING} JWKs`, run: () => timed(seconds, referred.many) },
    ], rounds, say);
    await referred.end();

    const open = async (count) => {
        const source = filled(context, count);
        const server = await ward(context.program, source.data, context.directory);
        const { call, end } = client(server.addresses.tcp, source.token);
        const project = `/projects/${encodeURIComponent(source.project)}`;
        const any = (kind) => `${project}/${kind}s/${encodeURIComponent(`${kind} ${String(randomBytes(4).readUInt32LE() % count).padStart(7, '0')}`)}/`;
        return { server, end, project, call, get: (kind) => () => call('GET', any(kind)), update: (kind) => (n) => call('PUT', any(kind), { description: `changed ${n} ${Date.now()}` }) };
    };
    const few = await open(FEW), many = await open(MANY);
    const cases = [];
    for (const [what, of] of [['get a key', (d) => d.get('key')], ['get a JWK', (d) => d.get('jwk')], ['update a key', (d) => d.update('key')], ['update a JWK', (d) => d.update('jwk')]]) {
        cases.push({ name: `${what} of ${FEW}`, run: () => timed(seconds / 2, of(few)) }, { name: `${what} of ${MANY}`, run: () => timed(seconds / 2, of(many)) });
    }
    const found = await interleave(cases, rounds, say);
    const listed = await timed(0, () => many.call('GET', `${many.project}/keys/`));
    few.end();
    many.end();

    const ms = (runs) => runs.map((one) => one.ms);
    const row = (name, runs, below) => [name, shown(spread(ms(runs))), below ? shown(ratios(ms(runs), ms(below))) : '1'];
    const rows = [row('PUT with UPDATE, 1 JWK, two environments', updates[0]), row(`the same, ${REFERRING} JWKs`, updates[1], updates[0])];
    cases.forEach(({ name }, index) => rows.push(row(name, found[index], index % 2 === 1 ? found[index - 1] : undefined)));
    rows.push([`list all ${MANY} keys`, listed.ms.toFixed(0), '']);
    return {
        title: 'Keys and JWKs',
        ran: `One client, one call after the other, over TCP through APIOps, each deployed before its answer; median of each round, ${rounds} interleaved rounds of ${seconds} s.`,
        text: table(['case', 'ms a call (min–max)', 'ratio'], rows),
        figures: {
            thousand_jwks: ratios(ms(updates[1]), ms(updates[0])),
            get_key: ratios(ms(found[1]), ms(found[0])), get_jwk: ratios(ms(found[3]), ms(found[2])), update_key: ratios(ms(found[5]), ms(found[4])), update_jwk: ratios(ms(found[7]), ms(found[6])),
        },
    };
}
