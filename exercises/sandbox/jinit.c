// jinit: the first process of a jail, PID 1. It fills /box, starts the program as an ordinary process, and tells
// the worker, over a socket that the program never holds, how the program really ended.
//
//   jinit CONTROL FILES JOIN PROGRAM [ARGUMENT...]
//
// CONTROL  a SOCK_SEQPACKET socket to the worker. jinit sends:
//            "ready"                with a descriptor of /box attached (credentials say who we are outside)
//            "broken WHERE ERRNO"   the jail could not be prepared
//            "exec ERRNO"           the program could not be started
//            "end STATUS WALL_NS USER_US SYSTEM_US PEAK_KIB"   STATUS as wait(2) gives it
//          It takes "term" (SIGTERM to the program). When the worker's end closes, everything here dies.
// FILES    descriptor of an archive for /box: for each file a struct entry, the name with its NUL, the bytes; or -1.
// JOIN     descriptors of cgroup `tasks` or `cgroup.procs` files, comma-separated, to move into; or "-".
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct entry {
    uint32_t mode;
    uint32_t name_length;  // with the NUL
    uint64_t size;
};

static int control = -1;

static void say(const char *text) { (void)!send(control, text, strlen(text), MSG_NOSIGNAL); }

static void broken(const char *where) {
    char text[64];
    snprintf(text, sizeof text, "broken %s %d", where, errno);
    say(text);
    _exit(111);
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

// The worker opened these files: its rights count, not ours. Writing 0 moves the writer itself, which spares the
// kernel the global lock that moving somebody else takes.
static void join(char *list) {
    if (!strcmp(list, "-")) return;
    for (char *item = strtok(list, ","); item; item = strtok(NULL, ",")) {
        int fd = atoi(item);
        if (write(fd, "0", 1) != 1) broken("cgroup");
        close(fd);
    }
}

static void read_all(int fd, void *buffer, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)buffer + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EPIPE;
        if (got <= 0) broken("archive");
        done += got;
    }
}

static void make_parents(char *name) {
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(name, 0755) && errno != EEXIST) broken("mkdir");
        *slash = '/';
    }
}

static void unpack(int archive) {
    static char buffer[1 << 16];
    char name[4096];
    struct entry entry;
    for (;;) {
        ssize_t got = read(archive, &entry, sizeof entry);
        if (got == 0) break;
        if (got != sizeof entry || entry.name_length > sizeof name) broken("archive");
        read_all(archive, name, entry.name_length);
        make_parents(name);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, entry.mode);
        if (fd < 0) broken("file");
        for (uint64_t left = entry.size; left;) {
            size_t part = left < sizeof buffer ? left : sizeof buffer;
            read_all(archive, buffer, part);
            for (size_t done = 0; done < part;) {
                ssize_t put = write(fd, buffer + done, part - done);
                if (put < 0) broken("file");
                done += put;
            }
            left -= part;
        }
        close(fd);
    }
    close(archive);
}

static void send_ready(void) {
    int box = open("/box", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (box < 0) broken("box");
    char text[] = "ready";
    struct iovec part = {text, sizeof text - 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } extra = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &box, sizeof box);
    if (sendmsg(control, &message, MSG_NOSIGNAL) < 0) _exit(111);
    close(box);
}

static void start(char **program) {
    sigset_t none;
    setsid();
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(program[0], program);
    char text[32];
    snprintf(text, sizeof text, "exec %d", errno);
    say(text);
    _exit(127);
}

// Waits until the program ends; strays that it left behind are reaped on the way.
static int wait_for(pid_t program, int children) {
    for (;;) {
        struct pollfd watched[] = {{children, POLLIN, 0}, {control, POLLIN, 0}};
        if (poll(watched, 2, -1) < 0 && errno != EINTR) broken("poll");
        if (watched[1].revents) {
            char text[16];
            ssize_t got = recv(control, text, sizeof text, MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) _exit(111);  // the worker is gone
            if (got == 4 && !memcmp(text, "term", 4)) kill(program, SIGTERM);
        }
        if (watched[0].revents) {
            struct signalfd_siginfo told;
            (void)!read(children, &told, sizeof told);
        }
        for (;;) {
            int status;
            pid_t ended = waitpid(-1, &status, WNOHANG);
            if (ended == program) return status;
            if (ended <= 0) break;
        }
    }
}

int main(int count, char **arguments) {
    if (count < 5) return 111;
    prctl(PR_SET_DUMPABLE, 0);  // closes /proc/1/mem, fd and environ to the program, which has our uid
    control = atoi(arguments[1]);
    int archive = atoi(arguments[2]);
    if (fcntl(control, F_SETFD, FD_CLOEXEC)) return 111;
    join(arguments[3]);
    if (chdir("/box")) broken("box");
    if (archive >= 0) unpack(archive);

    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children < 0) broken("signalfd");
    send_ready();

    int64_t began = nanoseconds();
    pid_t program = fork();
    if (program < 0) broken("fork");
    if (program == 0) start(arguments + 4);
    close(0);  // the ends of the pipes belong to the program alone
    close(1);
    close(2);
    int status = wait_for(program, children);
    int64_t wall = nanoseconds() - began;
    kill(-1, SIGKILL);
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    struct rusage all;
    getrusage(RUSAGE_CHILDREN, &all);
    char text[160];
    snprintf(text, sizeof text, "end %d %lld %lld %lld %ld", status, (long long)wall, microseconds(all.ru_utime),
             microseconds(all.ru_stime), all.ru_maxrss);
    say(text);
    return 0;
}
