"""The seccomp policies, in kafel's language: what a jailed program may ask of the kernel. Text only, no files.

An allow-list. What is not named reads ENOSYS, as on an older kernel, so that programs fall back; what is named
as forbidden reads EPERM; a system call of a foreign architecture kills.
"""

from __future__ import annotations

from textwrap import fill

from exercises.sandbox.interface import Network

ALLOWED = {
    "files": """
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile64 splice tee
        copy_file_range open openat openat2 creat close close_range dup dup2 dup3 fcntl flock
        truncate ftruncate fallocate fadvise64 readahead fsync fdatasync sync sync_file_range cachestat
        newstat newfstat newlstat newfstatat statx statfs fstatfs access faccessat faccessat2
        readlink readlinkat getdents getdents64 getcwd chdir fchdir umask
        mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
        chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat
        getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
        inotify_init inotify_init1 inotify_add_watch inotify_rm_watch memfd_create""",
    "waiting": """
        pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
        epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime
        timer_create timer_settime timer_gettime timer_getoverrun timer_delete getitimer setitimer alarm
        nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times pause""",
    "memory": """
        mmap munmap mprotect mremap madvise mincore msync mlock mlock2 munlock mlockall munlockall brk
        pkey_alloc pkey_free pkey_mprotect membarrier map_shadow_stack mseal get_mempolicy
        shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl
        mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr""",
    "processes": """
        fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal
        rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo
        rt_tgsigqueueinfo sigaltstack restart_syscall arch_prctl set_tid_address set_robust_list get_robust_list
        rseq futex futex_wait futex_wake futex_requeue futex_waitv
        getpid getppid gettid getpgrp getpgid setpgid getsid setsid
        getuid geteuid getgid getegid getresuid getresgid getgroups
        setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid capget
        getrlimit setrlimit getrusage sysinfo newuname getcpu getrandom getpriority
        sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max
        sched_get_priority_min sched_rr_get_interval sched_getattr ioprio_get
        landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp""",
    "sockets": """
        socketpair connect accept accept4 bind listen shutdown getsockname getpeername getsockopt setsockopt
        sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg""",
}

# The kernel would refuse most of these anyway; the policy does not trust that it always will.
FORBIDDEN = {
    "other processes": "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd setpriority",
    "namespaces and mounts": """
        unshare setns mount umount pivot_root chroot mount_setattr move_mount open_tree fsopen fsconfig fsmount
        fspick mknod mknodat swapon swapoff quotactl quotactl_fd name_to_handle_at open_by_handle_at
        sethostname setdomainname setgroups capset
        setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr""",
    "kernel": """
        bpf perf_event_open userfaultfd keyctl add_key request_key memfd_secret fanotify_init fanotify_mark
        kexec_load kexec_file_load init_module finit_module delete_module reboot acct syslog iopl ioperm
        modify_ldt lookup_dcookie vhangup uselib ustat sysfs vmsplice
        settimeofday clock_settime clock_adjtime adjtimex""",
    "scheduling": """
        sched_setscheduler sched_setparam sched_setattr sched_setaffinity ioprio_set
        mbind set_mempolicy migrate_pages move_pages""",
}

# io_uring makes system calls that no filter sees; clone3 passes its flags where no filter can look.
UNKNOWN = "clone3 io_uring_setup io_uring_enter io_uring_register io_setup io_submit"

ARGUMENTS = """\
    clone { (clone_flags & NAMESPACES) != 0 },
    ioctl { cmd == TIOCSTI || cmd == TIOCLINUX || cmd == TIOCSETD },
    prctl {
      option == PR_SET_PDEATHSIG || option == PR_SET_TSC || option == PR_SET_MM || option == PR_SCHED_CORE
    },
    personality { personality != 0 && personality != 0xffffffff && personality != ADDR_NO_RANDOMIZE },
    prlimit64 { pid != 0 }"""

SOCKETS = {
    Network.NONE: "family == AF_UNIX",
    Network.LOOPBACK: (
        "family == AF_UNIX || family == AF_INET || family == AF_INET6 "
        "|| (family == AF_NETLINK && protocol == NETLINK_ROUTE)"
    ),
}

POLICY = """\
#define NAMESPACES 0x7e020000  // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
#define ADDR_NO_RANDOMIZE 0x40000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define NETLINK_ROUTE 0
#define TIOCSTI 0x5412
#define TIOCLINUX 0x541c
#define TIOCSETD 0x5423
#define PR_SET_PDEATHSIG 1
#define PR_SET_TSC 26
#define PR_SET_MM 35
#define PR_SCHED_CORE 62

POLICY refused {{
  ERRNO(1) {{
{forbidden},
{arguments}
  }},
  ERRNO(97) {{ socket {{ !({sockets}) }} }},
  ERRNO(38) {{ {unknown} }}
}}
POLICY allowed {{
  ALLOW {{
{allowed},
    clone, ioctl, prctl, personality, prlimit64, socket
  }}
}}
USE refused, USE allowed DEFAULT ERRNO(38)
"""


def policy(network: Network) -> str:
    """The policy of a job with that network."""
    return POLICY.format(
        forbidden=_listing(*FORBIDDEN.values()),
        arguments=ARGUMENTS,
        sockets=SOCKETS[network],
        unknown=", ".join(UNKNOWN.split()),
        allowed=_listing(*ALLOWED.values()),
    )


def _listing(*groups: str) -> str:
    names = ", ".join(name for group in groups for name in group.split())
    return fill(names, 108, initial_indent="    ", subsequent_indent="    ")
