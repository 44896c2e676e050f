// launch: makes a network namespace, or enters one and becomes another program. It runs outside every jail.
//
//   launch make CONTROL [UID GID]    a new namespace with loopback up; with UID GID below a user namespace of its
//                                    own, which an ordinary user needs. Its descriptors go over CONTROL
//                                    (network, then user), "made" beside them, or "broken WHERE ERRNO".
//   launch enter NETWORK USER PROGRAM [ARGUMENT...]    descriptors, or -1; then exec.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int control = -1;

static int broken(const char *where) {
    char text[64];
    int length = snprintf(text, sizeof text, "broken %s %d", where, errno);
    if (control >= 0) (void)!send(control, text, length, MSG_NOSIGNAL);
    return 111;
}

static int put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t length = (ssize_t)strlen(text);
    ssize_t done = write(fd, text, length);
    close(fd);
    return done == length ? 0 : -1;
}

// Only the caller's own ids can be mapped without help, each onto itself.
static int map_identity(const char *uid, const char *gid) {
    char line[64];
    if (put("/proc/self/setgroups", "deny")) return -1;
    snprintf(line, sizeof line, "%s %s 1", uid, uid);
    if (put("/proc/self/uid_map", line)) return -1;
    snprintf(line, sizeof line, "%s %s 1", gid, gid);
    return put("/proc/self/gid_map", line);
}

static int raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return result;
}

static int make(int count, char **arguments) {
    control = atoi(arguments[2]);
    int own_user = count > 4;
    if (unshare(CLONE_NEWNET | (own_user ? CLONE_NEWUSER : 0))) return broken("unshare");
    if (own_user && map_identity(arguments[3], arguments[4])) return broken("map");
    if (raise_loopback()) return broken("loopback");
    int namespaces[2] = {open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC)};
    if (namespaces[0] < 0 || namespaces[1] < 0) return broken("namespace");
    char text[] = "made";
    struct iovec part = {text, sizeof text - 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof namespaces)];
    } extra = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &extra, .msg_controllen = sizeof extra};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof namespaces);
    memcpy(CMSG_DATA(rights), namespaces, sizeof namespaces);
    return sendmsg(control, &message, MSG_NOSIGNAL) < 0 ? 111 : 0;
}

static int enter(char **arguments) {
    int network = atoi(arguments[2]), user = atoi(arguments[3]);
    if (user >= 0 && setns(user, CLONE_NEWUSER)) return 111;
    if (setns(network, CLONE_NEWNET)) return 111;
    fcntl(network, F_SETFD, FD_CLOEXEC);
    if (user >= 0) fcntl(user, F_SETFD, FD_CLOEXEC);
    execv(arguments[4], arguments + 4);
    return 111;
}

int main(int count, char **arguments) {
    if (count >= 3 && !strcmp(arguments[1], "make")) return make(count, arguments);
    if (count >= 5 && !strcmp(arguments[1], "enter")) return enter(arguments);
    return 111;
}
