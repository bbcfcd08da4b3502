// From exec to ready with a million keys, against the sqlite3 shell reading the same rows.
import { join } from 'node:path';

import { seeded } from '../data.mjs';
import { interleave, ratios, shown, spread, table, thousands } from '../measure.mjs';
import { SERVER_CORE, pinned, ward } from '../peers.mjs';

export const about = 'start with 1,000,000 keys against the sqlite3 shell reading them (2 minutes)';

const QUERY = 'SELECT * FROM api_key JOIN api_key_value ON api_key_value.key_number = api_key.number';

function shell(data) {
    return new Promise((resolve, reject) => {
        const started = process.hrtime.bigint();
        const child = pinned(SERVER_CORE, 'sqlite3', [join(data, 'ward.db'), QUERY], { stdio: ['ignore', 'ignore', 'inherit'] });
        child.on('exit', (code) => (code === 0 ? resolve(Number(process.hrtime.bigint() - started) / 1e6) : reject(new Error(`sqlite3 ended with ${code}`))));
    });
}

export async function run(context) {
    const { rounds, say, manyKeys } = context;
    const source = seeded(context, manyKeys);
    const text = (ms) => ({ ms, text: `${(ms / 1000).toFixed(2)} s` });
    async function start() {
        const server = await ward(context.program, source.data, context.directory);
        await server.stop();
        return text(server.ready_ms);
    }
    const read = async () => text(await shell(source.data));
    say('  once each, so that the files are in the page cache');
    await start();
    await read();
    const results = await interleave([{ name: 'ward serve until ready', run: start }, { name: 'sqlite3 shell', run: read }], rounds, say);
    const ms = results.map((runs) => runs.map((run) => run.ms));
    const rows = ['`ward serve` until its `ready` line', `\`sqlite3 ward.db "${QUERY}" >/dev/null\``].map((name, index) => [name, shown(spread(ms[index].map((value) => value / 1000)))]);
    return {
        title: 'Start',
        ran: `${thousands(manyKeys)} keys, files in the page cache, both on the same one core, ${rounds} interleaved rounds.`,
        text: table(['case', 's (min–max)'], rows),
        figures: { against_sqlite3: ratios(ms[0], ms[1]) },
    };
}
