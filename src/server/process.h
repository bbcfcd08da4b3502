/* What the process takes from itself before it holds a secret. Source: security.md 2, "Secrets in the process". */
#ifndef WARD_SERVER_PROCESS_H
#define WARD_SERVER_PROCESS_H

#include "server/failure.h"

/**
 * No core dump, no ptrace by others, no new privileges, umask 077, SIGPIPE ignored, as many descriptors as allowed.
 *
 * Errors:  false when a protection cannot be had: the caller refuses to start.
 */
bool ward_process_harden(struct ward_failure *ret_why);

/** Say loudly when the process runs as root. */
void ward_process_warn_of_root(void);

/** Block the signals that ward_serve waits for, in this thread and in all that it starts. */
void ward_process_block_signals(void);

#endif
