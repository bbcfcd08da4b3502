// Prints which case covers which row of which contract, as Markdown; with --check it fails on a row without a case and
// on a case that names no row.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tests = fileURLToPath(new URL('../tests', import.meta.url));
const surfaces = [ // folder of rows and cases, name, and whose tests name its rows in their titles
    { folder: 'theauthapi', name: 'The Auth API', owns: (file) => !/^(ncp|plans|apinizer)/.test(file) },
    { folder: 'ncp', name: 'NCP API Gateway', owns: (file) => /^(ncp|plans)/.test(file) },
    { folder: 'apinizer', name: 'Apinizer APIOps', owns: (file) => /^apinizer/.test(file) },
];

async function collect({ folder, owns }) {
    const contract = (await import(join(tests, 'api', folder, 'contract.mjs'))).default;
    const covered = new Map(Object.keys(contract).map((row) => [row, []]));
    const unknown = [];
    let cases = 0;
    const add = (row, name) => (covered.has(row) ? covered.get(row).push(name) : unknown.push(`${name}: ${row}`));
    for (const file of readdirSync(join(tests, 'api', folder)).filter((name) => name.endsWith('.rows.mjs'))) {
        for (const item of (await import(join(tests, 'api', folder, file))).default) {
            cases += 1;
            if (!item.rows?.length) unknown.push(`${item.name}: names no row`);
            for (const row of item.rows ?? []) add(row, item.name);
        }
    }
    // Tests that are code name their rows in brackets at the end of the title.
    for (const kind of ['api', 'sdk']) {
        for (const file of readdirSync(join(tests, kind)).filter((name) => name.endsWith('.test.mjs') && owns(name))) {
            for (const [, title, rows] of readFileSync(join(tests, kind, file), 'utf8').matchAll(/(?:test|describe)\(([`'](?:\\.|(?![`']).)*) \[([^\]]+)\][`']/g)) {
                for (const row of rows.split(', ')) add(row, `${title.slice(1).replaceAll("\\'", "'")} (${kind}/${file})`);
            }
        }
    }
    return { contract, covered, unknown, cases, missing: [...covered].filter(([, names]) => names.length === 0).map(([row]) => row) };
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function check(found) {
    let passed = 0, failed = 0;
    for (const [{ name }, { contract, covered, unknown, cases, missing }] of found) {
        for (const row of missing) console.log(`${name}: no case covers: ${row}: ${contract[row]}`);
        for (const text of unknown) console.log(`${name}: not a row of the contract: ${text}`);
        console.log(`contract: ${name}: ${covered.size} rows, ${cases} cases of data`);
        passed += covered.size - missing.length;
        failed += missing.length + unknown.length;
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}

function print(found) {
    console.log('# Contract rows and the cases that cover them\n\nMade by `./dev docs` from `tests/api/theauthapi/`, `tests/api/ncp/`, `tests/api/apinizer/` and the titles of the tests beside them.');
    for (const [{ name }, { contract, covered }] of found) {
        console.log(`\n## ${name}\n\n| row | what it says | cases |\n|---|---|---|`);
        for (const [row, names] of covered) {
            const unique = [...new Set(names)];
            const shown = unique.slice(0, 6).map(cell).join('; ') + (unique.length > 6 ? `; and ${unique.length - 6} more` : '');
            console.log(`| ${row} | ${cell(contract[row])} | ${shown} |`);
        }
    }
}

const found = [];
for (const surface of surfaces) found.push([surface, await collect(surface)]);
if (process.argv.includes('--check')) check(found);
else print(found);
