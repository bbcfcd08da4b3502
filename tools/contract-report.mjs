// Prints which case covers which row of the contract, as Markdown; with --check it fails on a row without a case and
// on a case that names no row.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tests = fileURLToPath(new URL('../tests', import.meta.url));
const contract = (await import(join(tests, 'api/theauthapi/contract.mjs'))).default;
const covered = new Map(Object.keys(contract).map((row) => [row, []]));
const unknown = [];
const add = (row, name) => (covered.has(row) ? covered.get(row).push(name) : unknown.push(`${name}: ${row}`));

let cases = 0;
for (const file of readdirSync(join(tests, 'api/theauthapi')).filter((name) => name.endsWith('.rows.mjs'))) {
    for (const item of (await import(join(tests, 'api/theauthapi', file))).default) {
        cases += 1;
        if (!item.rows?.length) unknown.push(`${item.name}: names no row`);
        for (const row of item.rows ?? []) add(row, item.name);
    }
}
// Tests that are code name their rows in brackets at the end of the title.
for (const folder of ['api', 'sdk']) {
    for (const file of readdirSync(join(tests, folder)).filter((name) => name.endsWith('.test.mjs'))) {
        for (const [, title, rows] of readFileSync(join(tests, folder, file), 'utf8').matchAll(/(?:test|describe)\([`']([^`']*?) \[([^\]]+)\][`']/g)) {
            for (const row of rows.split(', ')) add(row, `${title} (${folder}/${file})`);
        }
    }
}

const missing = [...covered].filter(([, names]) => names.length === 0).map(([row]) => row);
if (process.argv.includes('--check')) {
    for (const row of missing) console.log(`no case covers: ${row}: ${contract[row]}`);
    for (const text of unknown) console.log(`not a row of the contract: ${text}`);
    console.log(`contract: ${covered.size} rows, ${cases} cases of data`);
    console.log(`${covered.size - missing.length} passed, ${missing.length + unknown.length} failed`);
    process.exit(missing.length || unknown.length ? 1 : 0);
}
console.log('# The Auth API: contract rows and the cases that cover them\n\nMade by `./dev docs` from `tests/api/theauthapi/` and the titles of the tests beside it.\n');
console.log('| row | what it says | cases |\n|---|---|---|');
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
for (const [row, names] of covered) {
    const unique = [...new Set(names)];
    const shown = unique.slice(0, 6).map(cell).join('; ') + (unique.length > 6 ? `; and ${unique.length - 6} more` : '');
    console.log(`| ${row} | ${cell(contract[row])} | ${shown} |`);
}
