#include "server/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* A connection takes one descriptor; the hard limit is the administrator's word. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        ward_log(WARD_LOG_WARN, "descriptor_limit_kept", WARD_LOG_STR("why", strerror(errno)));
}

bool ward_process_harden(struct ward_failure *ret_why)
{
    const struct rlimit none = { 0, 0 };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    umask(S_IRWXG | S_IRWXO);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return ward_fail(ret_why, WARD_EXIT_IO, "core dumps cannot be turned off (%s); a dump would hold keys",
                         strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ward_fail(ret_why, WARD_EXIT_IO, "new privileges cannot be given up: %s", strerror(errno));
    sigaction(SIGPIPE, &ignore, NULL);
    raise_descriptor_limit();
    return true;
}

void ward_process_warn_of_root(void)
{
    if (geteuid() != 0)
        return;
    ward_log(WARD_LOG_WARN, "running_as_root",
             WARD_LOG_STR("advice", "run ward serve as a user of its own: a fault in it would have the whole machine"));
}

void ward_process_block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}
