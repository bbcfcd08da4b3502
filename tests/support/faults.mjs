// Orders faults from the program built for tests (fault_control.h): the n-th call of a kind fails, and so many after it.
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const ENOMEM = 12, EIO = 5, EMFILE = 24, ENOSPC = 28;
const SQLITE_NOMEM = 7, SQLITE_FULL = 13, SQLITE_CANTOPEN = 14, IOERR_READ = 266, IOERR_WRITE = 778, IOERR_FSYNC = 1034;

/** In the order of enum fault_kind, with the code that each fails with unless another is asked for. */
export const kinds = {
    allocate: ENOMEM, open: EMFILE, read: EIO, write: EIO, sync: EIO, rename: EIO, map: ENOMEM, allocateFile: ENOSPC, random: EIO,
    storeAllocate: SQLITE_NOMEM, storeOpen: SQLITE_CANTOPEN, storeRead: IOERR_READ, storeWrite: IOERR_WRITE, storeSync: IOERR_FSYNC,
    logRead: IOERR_READ, logWrite: IOERR_WRITE, logSync: IOERR_FSYNC,
};
export const codes = { EIO, ENOSPC, SQLITE_FULL };
const names = Object.keys(kinds);
const ROW = 40;
const [CALLS, FROM, COUNT, HITS, CODE] = [0, 8, 16, 24, 32];

export class Faults {
    constructor(path) {
        this.path = path;
        this.fd = openSync(path, 'w+');
        ftruncateSync(this.fd, names.length * ROW);
    }

    #at(kind, member) {
        const row = names.indexOf(kind);
        if (row < 0) throw new Error(`no such fault: ${kind}`);
        return row * ROW + member;
    }

    #read(kind, member) {
        const bytes = Buffer.alloc(8);
        readSync(this.fd, bytes, 0, 8, this.#at(kind, member));
        return Number(bytes.readBigInt64LE());
    }

    #write(kind, member, value) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(value));
        writeSync(this.fd, bytes, 0, 8, this.#at(kind, member));
    }

    calls(kind) { return this.#read(kind, CALLS); }
    hits(kind) { return this.#read(kind, HITS); }

    /** From now on, let n - 1 calls through and fail `count` of those that follow. */
    failNth(kind, n, { count = 1, code = kinds[kind] } = {}) {
        this.#write(kind, FROM, 0);
        this.#write(kind, HITS, 0);
        this.#write(kind, COUNT, count);
        this.#write(kind, CODE, code);
        this.#write(kind, FROM, this.calls(kind) + n);
    }

    lift() {
        for (const kind of names) this.#write(kind, FROM, 0);
    }

    /** A program that starts counts from nothing. */
    reset() {
        this.lift();
        for (const kind of names) this.#write(kind, CALLS, 0);
    }

    close() { closeSync(this.fd); }
}
