#include "server_control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int control_connect(void)
{
    const char *path = getenv("MUSUBI_TEST_MONGODB_CONTROL");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path == NULL ? "" : path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror("MUSUBI_TEST_MONGODB_CONTROL");
        abort();
    }
    return fd;
}

void server_control(const char *word)
{
    char line[32];
    char answer[256] = "";
    int fd = control_connect();
    int n = snprintf(line, sizeof line, "%s\n", word);
    if (write(fd, line, (size_t)n) != n || read(fd, answer, sizeof answer - 1) <= 0 ||
        strcmp(answer, "ok\n") != 0) {
        (void)fprintf(stderr, "server %s: %s\n", word, answer);
        abort();
    }
    (void)close(fd);
}
