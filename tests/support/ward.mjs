// Starts Ward as its users do, in a directory of its own, on port 0, and ends it by its own id.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const build = process.env.WARD_BUILD ?? join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../build');
export const program = existsSync(join(build, 'ward')) ? join(build, 'ward') : join(build, 'src/cli/ward');
export const testProgram = join(build, 'tests/support/ward-test'); // the same program with a clock that tests can move
export const SANITIZER_EXIT = 99; // what a sanitizer build ends with when it found something (./dev)
export const slow = Number(process.env.WARD_SLOW ?? 1); // how much slower the build under test is (sanitizers)

export function makeDirectory() {
    return mkdtempSync(join(tmpdir(), 'ward-test-'));
}

/** Make a data directory and return its first credentials. */
export function init(data) {
    const text = execFileSync(program, ['init', '--data', data, '--output', 'json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return JSON.parse(text);
}

/** Run SQL on a stopped store. The sqlite3 shell does not compute the checks that end Ward's pages, so the store is poured
 *  into a new file as Ward made them before there were checks: the next start rewrites it. */
export function alterStore(data, sql) {
    const path = join(data, 'ward.db');
    const text = execFileSync('sqlite3', [path, '.dump'], { encoding: 'utf8', maxBuffer: 1 << 28 });
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    closeSync(openSync(path, 'w', 0o600));
    execFileSync('sqlite3', ['-bail', path], { input: `${text}\n${sql};\n`, maxBuffer: 1 << 28 });
}

export class Ward {
    /** Start a server. options: data, credentials (skip init), args, clock (boolean), listen, faults (a Faults),
     *  wrap (words before the program: prlimit …) */
    static async start(options = {}) {
        const ward = new Ward();
        ward.ownsDirectory = !options.data;
        ward.root = options.data ? null : makeDirectory();
        ward.data = options.data ?? join(ward.root, 'data');
        ward.credentials = options.credentials ?? (existsSync(join(ward.data, 'root.key')) ? null : init(ward.data));
        ward.options = options;
        await ward.spawn();
        return ward;
    }

    async spawn() {
        const { options } = this;
        const environment = { ...process.env };
        let file = program;
        if (options.clock) {
            file = testProgram;
            this.clockPath ??= join(this.root ?? this.data, 'clock');
            if (!existsSync(this.clockPath)) {
                const fd = openSync(this.clockPath, 'w');
                ftruncateSync(fd, 16);
                closeSync(fd);
            }
            environment.WARD_TEST_CLOCK = this.clockPath;
        }
        if (options.faults) {
            file = testProgram;
            environment.WARD_TEST_FAULTS = options.faults.path;
        }
        const listen = options.listen ?? ['127.0.0.1:0'];
        const args = ['serve', '--data', this.data, ...listen.flatMap((l) => ['--listen', l]), ...(options.args ?? [])];
        const [command, ...words] = [...(options.wrap ?? []), file, ...args];
        this.child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'], env: environment });
        this.exited = new Promise((resolve) => {
            this.child.on('exit', (code, signal) => resolve({ code, signal }));
            this.child.on('error', (error) => resolve({ code: null, signal: null, error: error.message }));
        });
        this.log = [];
        this.addresses = [];
        const lines = createInterface({ input: this.child.stderr });
        const ready = new Promise((resolve, reject) => {
            lines.on('line', (line) => {
                this.log.push(line);
                let entry;
                try { entry = JSON.parse(line); } catch { return; }
                if (entry.event === 'listening') this.addresses.push(entry);
                if (entry.event === 'ready') resolve();
            });
            this.exited.then((end) => reject(new Error(`ward ended before it was ready: ${JSON.stringify(end)}\n${this.log.join('\n')}`)));
        });
        ready.catch(() => {});
        await ready;
        const tcp = this.addresses.find((a) => a.listener === 'tcp') ?? this.addresses.find((a) => a.listener === 'tls');
        if (tcp) {
            this.port = Number(tcp.address.split(':').at(-1));
            this.host = '127.0.0.1';
            this.url = `http://127.0.0.1:${this.port}`;
        }
        const verify = this.address('verify');
        if (verify && !verify.startsWith('unix:')) this.verifyPort = Number(verify.split(':').at(-1));
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
    }

    address(listener) {
        return this.addresses.find((a) => a.listener === listener)?.address;
    }

    /** Move the server's clock by so many milliseconds (wall clock; the boot clock stays). Takes effect at once. */
    moveClock(ms) {
        this.clockOffset = (this.clockOffset ?? 0) + ms;
        this.#writeClock(0, this.clockOffset);
    }

    /** Move the boot clock, by which a table's age and deadlines are told. */
    moveBootClock(ms) {
        this.bootOffset = (this.bootOffset ?? 0) + ms;
        this.#writeClock(8, this.bootOffset);
    }

    #writeClock(at, ms) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(ms));
        const fd = openSync(this.clockPath, 'r+');
        writeSync(fd, bytes, 0, 8, at);
        closeSync(fd);
    }

    now() {
        return Date.now() + (this.clockOffset ?? 0);
    }

    /** One request. body: object (JSON), string or Buffer (as is). Returns {status, headers, text, body}. */
    request(method, path, { headers = {}, body, key, port, socketPath, agent = port || socketPath ? undefined : this.agent } = {}) {
        return request({ agent, host: '127.0.0.1', port: port ?? this.port, socketPath, method, path, headers, body, key });
    }

    async kill(signal = 'SIGKILL') {
        this.agent?.destroy();
        if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
        const end = await this.exited;
        if (end.code === SANITIZER_EXIT) throw new Error(`a sanitizer found something\n${this.log.slice(-60).join('\n')}`);
        return end;
    }

    /** End it with SIGTERM and remove what it left. */
    async stop() {
        this.agent?.destroy();
        if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
        const end = await this.exited;
        if (this.ownsDirectory) rmSync(this.root, { recursive: true, force: true });
        if (end.code !== 0) throw new Error(`ward did not end cleanly: ${JSON.stringify(end)}\n${this.log.slice(-40).join('\n')}`);
        return end;
    }
}

export function request({ agent, host, port, socketPath, method, path, headers = {}, body, key, protocol = http, ...more }) {
    return new Promise((resolve, reject) => {
        const send = { ...headers };
        let payload = body;
        if (body !== undefined && !Buffer.isBuffer(body) && typeof body !== 'string') {
            payload = JSON.stringify(body);
            send['content-type'] ??= 'application/json';
        }
        if (key !== undefined) send['x-api-key'] ??= key;
        if (payload !== undefined) send['content-length'] = Buffer.byteLength(payload);
        else if (['POST', 'PATCH', 'PUT'].includes(method)) send['content-length'] ??= 0;
        const call = protocol.request({ agent, host, port, socketPath, method, path, headers: send, ...more }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => {
                const text = Buffer.concat(parts).toString('utf8');
                let parsed;
                try { parsed = JSON.parse(text); } catch { parsed = undefined; }
                resolve({ status: answer.statusCode, reason: answer.statusMessage, headers: answer.headers, text, body: parsed });
            });
            answer.on('error', reject);
        });
        call.on('error', reject);
        if (payload !== undefined) call.write(payload);
        call.end();
    });
}

/** Send raw bytes and collect what comes back until the peer closes or is quiet. Returns {text, closed}. */
export function raw(port, bytes, { quietMs = 300 * slow, pieces } = {}) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1');
        const parts = [];
        let timer;
        const done = (closed) => {
            clearTimeout(timer);
            socket.destroy();
            resolve({ text: Buffer.concat(parts).toString('latin1'), closed });
        };
        const wait = () => { clearTimeout(timer); timer = setTimeout(() => done(false), quietMs); };
        socket.on('connect', async () => { wait(); for (const piece of pieces ?? [bytes]) socket.write(piece); });
        socket.on('data', (part) => { parts.push(part); wait(); });
        socket.on('end', () => done(true));
        socket.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done(true) : reject(error)));
    });
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Wait until check() is true; fail after a bound. For what happens in the background only. */
export async function until(check, what, ms = 5000 * slow) {
    const end = Date.now() + ms;
    while (Date.now() < end) {
        if (await check()) return;
        await sleep(20);
    }
    throw new Error(`not within ${ms} ms: ${what}`);
}
