// jinit: the first process of a jail, PID 1. It waits behind the finished walls for one job, fills /box, starts the
// program as an ordinary process, and tells the worker, over a socket that the program never holds, how it ended.
//
//   jinit CONTROL        CONTROL is the descriptor of a SOCK_SEQPACKET socket to the worker
//
// jinit sends     "ready"                with a descriptor of /box (the credentials say who we are outside)
//                 "started"              the program's own time begins
//                 "exec ERRNO"           it could not be executed
//                 "end STATUS WALL_NS USER_US SYSTEM_US"    STATUS as wait(2) gives it
//                 "broken WHERE ERRNO"   the job could not be prepared
// jinit takes     "go"                   with descriptors: order, stdin, stdout, stderr, control groups to join...
//                 "term"                 SIGTERM to the program
// When the worker's end of the socket closes, everything here dies.
//
// The order is a memory file: a struct order; its rlimits; the strings of argv, then of the environment; then for
// each file a struct file, the name, and the bytes. Strings end in NUL.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 16
#define FIRST_GROUP 4

struct order {
    uint32_t limits, arguments, variables, files;
};
struct limit {
    uint64_t resource, value;
};
struct file {
    uint64_t mode, size;
};

static int control = -1;
static char *cursor, *limit_of_cursor;

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

// Waits for the job; returns how many descriptors came with it.
static int receive(int *descriptors) {
    char text[8];
    struct iovec part = {text, sizeof text};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
    } extra;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra};
    ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0) _exit(111);  // the worker is gone
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (got != 2 || memcmp(text, "go", 2) || !rights || rights->cmsg_type != SCM_RIGHTS) broken("go");
    int count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (count < FIRST_GROUP || count > MOST_DESCRIPTORS) broken("descriptors");
    memcpy(descriptors, CMSG_DATA(rights), count * sizeof(int));
    return count;
}

static void *take(uint64_t size) {
    if (size > (uint64_t)(limit_of_cursor - cursor)) {
        errno = EBADMSG;
        broken("order");
    }
    void *taken = cursor;
    cursor += size;
    return taken;
}

static char *take_string(void) { return take(strnlen(cursor, limit_of_cursor - cursor) + 1); }

static void open_order(int fd) {
    struct stat status;
    if (fstat(fd, &status)) broken("order");
    cursor = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (cursor == MAP_FAILED) broken("order");
    limit_of_cursor = cursor + status.st_size;
    close(fd);
}

static void make_parents(char *name) {
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(name, 0755) && errno != EEXIST) broken("folder");
        *slash = '/';
    }
}

static void unpack(uint32_t files) {
    for (; files; files--) {
        struct file file;
        memcpy(&file, take(sizeof file), sizeof file);
        char *name = take_string(), *bytes = take(file.size);
        make_parents(name);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)file.mode);
        if (fd < 0) broken("file");
        for (uint64_t done = 0; done < file.size;) {
            ssize_t put = write(fd, bytes + done, file.size - done);
            if (put < 0) broken("file");
            done += put;
        }
        close(fd);
    }
}

// Runs in the program's process, up to the exec.
static void become(char **program, const struct limit *limits, uint32_t limit_count, const int *streams) {
    sigset_t none;
    setsid();
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int stream = 0; stream < 3; stream++)
        if (dup2(streams[stream], stream) < 0) broken("stream");
    for (uint32_t i = 0; i < limit_count; i++) {
        struct limit limit;
        memcpy(&limit, &limits[i], sizeof limit);
        struct rlimit both = {limit.value, limit.value};
        if (setrlimit(limit.resource, &both)) broken("rlimit");
    }
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

int main(int count, char **words) {
    if (count != 2) return 111;
    prctl(PR_SET_DUMPABLE, 0);  // closes /proc/1/mem, fd and environ to the program, which has our uid
    control = atoi(words[1]);
    if (fcntl(control, F_SETFD, FD_CLOEXEC)) return 111;
    if (chdir("/box")) broken("box");
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children < 0) broken("signalfd");
    send_ready();

    int descriptors[MOST_DESCRIPTORS];
    int received = receive(descriptors);
    // The worker opened the groups' files: its rights count, not ours. Writing 0 moves the writer itself, which
    // spares the kernel the global lock that moving somebody else takes.
    for (int i = FIRST_GROUP; i < received; i++) {
        if (write(descriptors[i], "0", 1) != 1) broken("group");
        close(descriptors[i]);
    }
    open_order(descriptors[0]);
    struct order order;
    memcpy(&order, take(sizeof order), sizeof order);
    const struct limit *limits = take((uint64_t)order.limits * sizeof(struct limit));
    char **program = calloc(order.arguments + 1, sizeof(char *));
    if (!program || !order.arguments) broken("order");
    for (uint32_t i = 0; i < order.arguments; i++) program[i] = take_string();
    for (uint32_t i = 0; i < order.variables; i++)
        if (putenv(take_string())) broken("environment");
    unpack(order.files);

    say("started");
    int64_t began = nanoseconds();
    pid_t pid = fork();
    if (pid < 0) broken("fork");
    if (pid == 0) become(program, limits, order.limits, descriptors + 1);
    for (int i = 1; i < FIRST_GROUP; i++) close(descriptors[i]);  // these belong to the program alone
    int status = wait_for(pid, children);
    int64_t wall = nanoseconds() - began;
    kill(-1, SIGKILL);
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    struct rusage all;
    getrusage(RUSAGE_CHILDREN, &all);
    char text[128];
    snprintf(text, sizeof text, "end %d %lld %lld %lld", status, (long long)wall, microseconds(all.ru_utime),
             microseconds(all.ru_stime));
    say(text);
    return 0;
}
