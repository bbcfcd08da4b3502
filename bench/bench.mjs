// ./dev bench: Ward's figures, each as a ratio to something on the same machine in the same minutes. Servers on one
// core, load on another, interleaved rounds, medians and spread. Absolute figures of a shared machine mean little.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { goals, isReached, wanted } from './goals.mjs';
import { goalTable, readResults, sectionOf, writeResults } from './results.mjs';
import { machine, stopAll } from './peers.mjs';

const names = ['verify', 'scale', 'table', 'manage', 'changes', 'startup', 'memory', 'slow', 'plan', 'plans', 'signed', 'tokens', 'secrets'];
const verbs = {};
for (const name of names) verbs[name] = await import(`./verbs/${name}.mjs`);

const numbers = { rounds: 5, seconds: 3, keys: 100_000, 'many-keys': 1_000_000 };
const switches = ['large', 'gate', 'no-write'];
const root = resolve(new URL('..', import.meta.url).pathname);

function usage(problem) {
    const text = `${problem ? `bench: ${problem}\n\n` : ''}./dev bench [VERB…] [--rounds 5] [--seconds 3] [--keys 100000] [--many-keys 1000000] [--large] [--gate] [--no-write]

${names.map((name) => `  ${name.padEnd(9)} ${verbs[name].about}`).join('\n')}
  ${'all'.padEnd(9)} everything, --large included (30 minutes; the first time 1 more for making 1,100,000 keys)

Without a verb: verify. Prints what was run and Markdown, and replaces the verb's section of bench/RESULTS.md
(WARD_BENCH_RESULTS names another file) and the plot beside it. --gate: exit 1 when a goal was missed. An answer that was
not expected, or an expected one that never came, fails the bench. Programs come from build/ (WARD_BUILD names another).
`;
    (problem ? process.stderr : process.stdout).write(text);
    process.exit(problem ? 2 : 0);
}

function readArguments(args) {
    const options = { ...numbers };
    let wantedVerbs = [];
    for (let at = 0; at < args.length; at += 1) {
        const name = args[at].replace(/^--/, '');
        if (args[at] === 'help' || args[at] === '--help') usage();
        else if (args[at].startsWith('--') && switches.includes(name)) options[name] = true;
        else if (args[at].startsWith('--') && name in numbers) {
            options[name] = Number(args[at += 1]);
            if (!(options[name] > 0)) usage(`--${name} takes a number`);
        } else if (args[at] === 'all') { wantedVerbs = [...names]; options.large = true; } else if (names.includes(args[at])) wantedVerbs.push(args[at]);
        else usage(`no such verb or option: ${args[at]}`);
    }
    return { options, wantedVerbs: wantedVerbs.length > 0 ? wantedVerbs : ['verify'] };
}

const { options, wantedVerbs } = readArguments(process.argv.slice(2));
const build = resolve(process.env.WARD_BUILD ?? join(root, 'build'));
const resultsPath = resolve(process.env.WARD_BENCH_RESULTS ?? join(root, 'bench/RESULTS.md'));
const say = (text) => process.stderr.write(`${text}\n`);
for (const program of ['ward', 'bench/load', 'bench/slow', 'bench/seed', 'bench/secrets', 'bench/subscribe', 'bench/geometry', 'bench/table', 'bench/plan']) if (!existsSync(join(build, program))) usage(`${join(build, program)} is not built (./dev build)`);

async function runVerb(name) {
    // below the build folder, not in /tmp: that may be memory
    const scratch = join(build, 'bench-data', `run-${process.pid}`);
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    const context = {
        root, build, directory: scratch, say,
        program: join(build, 'ward'), loadProgram: join(build, 'bench/load'),
        rounds: options.rounds, seconds: options.seconds, keys: options.keys, manyKeys: options['many-keys'], large: options.large ?? false,
        statuses: { authenticate: [200, 404] },
        subdirectory: (part) => { const path = join(scratch, part); mkdirSync(path, { recursive: true, mode: 0o700 }); return path; },
        remove: (part) => rmSync(join(scratch, part), { recursive: true, force: true }),
    };
    const started = Date.now();
    const loadBefore = Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
    say(`== ${name}: ${verbs[name].about}`);
    try {
        const result = await verbs[name].run(context);
        return { ...result, loadBefore, rounds: options.rounds, seconds: options.seconds, took_s: (Date.now() - started) / 1000 };
    } finally {
        await stopAll();
        rmSync(scratch, { recursive: true, force: true });
    }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, async () => {
        await stopAll();
        rmSync(join(build, 'bench-data', `run-${process.pid}`), { recursive: true, force: true });
        process.exit(130);
    });
}

const on = machine();
let missed = 0;
for (const name of wantedVerbs) {
    let result;
    try {
        result = await runVerb(name);
    } catch (error) { // the other verbs still have something to say
        say(`bench ${name} failed: ${error.stack}`);
        process.exitCode = 1;
        continue;
    }
    const section = sectionOf(result, on);
    console.log(section.text);
    for (const goal of goals.filter((one) => one.verb === name && result.figures[one.figure])) {
        const figure = result.figures[goal.figure];
        const ok = isReached(goal, figure);
        missed += ok ? 0 : 1;
        console.log(`${ok ? 'reached' : 'MISSED '} ${goal.short}: ${figure.value.toFixed(2)}, goal ${wanted(goal)}`);
    }
    console.log('');
    if (options['no-write']) continue;
    // read again each time: what another verb wrote meanwhile is kept
    const sections = readResults(resultsPath);
    sections.set(name, section);
    writeResults(resultsPath, sections, names);
}
if (wantedVerbs.length > 1 && !options['no-write']) console.log(`${goalTable(readResults(resultsPath))}\n\nwritten: ${resultsPath}`);
if (options.gate && missed > 0) process.exitCode = 1;
