/* The socket load, compiled: sends and receives over WebSockets that are open already, and writes down what happened.
 *
 * A client in Python costs as much per message as a bare Python server: it would measure itself. This one judges
 * nothing; it keeps every frame with the moment it came, and bench.load.verdict looks at all of it afterwards.
 *
 *   talk OUTPUT < SEATS
 *
 * First line of stdin: seats, window, rate (messages/s over all seats), warm-up s, measured s, drain s, client ids
 * (0 or 1), v1 dialect (0 or 1), bytes of text. Then a line for each seat: file descriptor (inherited), number. Prints `start` and `stop` at
 * the ends of the measured time. OUTPUT holds records: struct record, then `size` bytes of payload for a received frame.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SENT = 1, RECEIVED = 2, LOST = 3, ACKNOWLEDGED = 4 };
enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };
enum { IN_BYTES = 1 << 16, OUT_BYTES = 1 << 14, MARK_BYTES = 7, MOST_EVENTS = 1024 };

struct record {
    double moment;
    uint32_t seat, kind, size, unused;
};

struct seat {
    int fd;
    uint32_t number;
    char mark[MARK_BYTES + 1];
    uint32_t said;
    size_t have, waiting;
    uint8_t in[IN_BYTES], out[OUT_BYTES];
};

static struct {
    uint32_t seats, window, client_ids, v1, characters;
    double rate, warm_up, seconds, drain;
} plan;

static struct seat *seats;
static uint8_t *log_at, *log_start, *log_end;
static uint64_t sent, received, acknowledged;
static int talking = 1;
static char filler[8192];

static void give_up(const char *why)
{
    fprintf(stderr, "talk: %s (%s)\n", why, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void note(uint32_t seat, uint32_t kind, const void *payload, uint32_t size)
{
    struct record record = {now(), seat, kind, size, 0};
    if ((size_t)(log_end - log_at) < sizeof record + size)
        give_up("the log is full");
    memcpy(log_at, &record, sizeof record);
    memcpy(log_at + sizeof record, payload, size);
    log_at += sizeof record + size;
}

/* Sending */

static void flush(struct seat *seat)
{
    if (!seat->waiting)
        return;
    /* a few hundred bytes at most: when they do not fit the kernel's buffer at once, the server has stopped reading */
    ssize_t done = send(seat->fd, seat->out, seat->waiting, MSG_NOSIGNAL);
    if (done < 0 && (errno == EPIPE || errno == ECONNRESET))
        done = (ssize_t)seat->waiting;
    if (done != (ssize_t)seat->waiting)
        give_up("the server does not read");
    seat->waiting = 0;
}

static void put_frame(struct seat *seat, uint8_t opcode, const char *payload, size_t size)
{
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    if (seat->waiting + size + 8 > OUT_BYTES)
        flush(seat);
    uint8_t *at = seat->out + seat->waiting;
    *at++ = 0x80 | opcode;
    if (size < 126) {
        *at++ = 0x80 | (uint8_t)size;
    } else {
        *at++ = 0x80 | 126;
        *at++ = (uint8_t)(size >> 8);
        *at++ = (uint8_t)size;
    }
    memcpy(at, key, 4);
    at += 4;
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)payload[i] ^ key[i & 3];
    seat->waiting = (size_t)(at + size - seat->out);
}

/* UUIDv7 (RFC 9562 section 5.7): ids that grow with time, as a good client makes them */
static int put_client_id(char *at)
{
    static uint64_t count, start;
    static uint32_t variant;
    if (!start) {
        uint64_t entropy[2];
        if (getentropy(entropy, sizeof entropy))
            give_up("no entropy");
        start = entropy[0] >> 17;
        variant = 0x8000 | (uint32_t)(entropy[1] & 0x3fff);
    }
    struct timespec at_time;
    clock_gettime(CLOCK_REALTIME, &at_time);
    uint64_t ms = (uint64_t)at_time.tv_sec * 1000 + (uint64_t)at_time.tv_nsec / 1000000;
    count++;
    return sprintf(at, "%08x-%04x-7%03x-%04x-%012llx", (unsigned)(ms >> 16), (unsigned)(ms & 0xffff),
                   (unsigned)(count & 0xfff), (unsigned)variant, (unsigned long long)(start + count));
}

static void say(struct seat *seat)
{
    char text[sizeof filler + 256];
    int tail = (int)plan.characters - MARK_BYTES - 9;
    int size = sprintf(text, "{%s\"message\":\"%s%08u %.*s\"", plan.v1 ? "\"type\":\"message\"," : "", seat->mark,
                       seat->said, tail > 0 ? tail : 0, filler);
    if (plan.client_ids) {
        size += sprintf(text + size, ",\"client_id\":\"");
        size += put_client_id(text + size);
        text[size++] = '"';
    }
    text[size++] = '}';
    seat->said++;
    sent++;
    note((uint32_t)(seat - seats), SENT, "", 0);
    put_frame(seat, TEXT, text, (size_t)size);
}

/* Receiving */

static void lose(struct seat *seat)
{
    note((uint32_t)(seat - seats), LOST, "", 0);
    close(seat->fd);
    seat->fd = -1;
}

static int is_type(const char *payload, size_t size, const char *type)
{
    static const char before[] = "{\"type\":\"";
    size_t length = strlen(type), skip = sizeof before - 1;
    return size > skip + length && !memcmp(payload, before, skip) && !memcmp(payload + skip, type, length);
}

static void hear(struct seat *seat, uint8_t opcode, const char *payload, size_t size)
{
    if (opcode == TEXT && plan.v1 && is_type(payload, size, "ack\"")) {
        acknowledged++;
        note((uint32_t)(seat - seats), ACKNOWLEDGED, "", 0);
    } else if (opcode == TEXT && plan.v1 && is_type(payload, size, "presence\"")) {
        /* the others' coming and going */
    } else if (opcode == TEXT) {
        received++;
        note((uint32_t)(seat - seats), RECEIVED, payload, (uint32_t)size);
        if (plan.window && talking && memmem(payload, size, seat->mark, MARK_BYTES))
            say(seat);
    } else if (opcode == PING) {
        put_frame(seat, PONG, payload, size);
    } else if (opcode == CLOSE) {
        lose(seat);
    }
}

/* Return the bytes of the first frame in the buffer and hear it, or 0 when it is not all here. */
static size_t take_frame(struct seat *seat, const uint8_t *at, size_t have)
{
    if (have < 2)
        return 0;
    size_t head = 2, size = at[1] & 127;
    if (size == 127)
        give_up("a frame of 64 kB or more");
    if (size == 126) {
        if (have < 4)
            return 0;
        head = 4;
        size = (size_t)at[2] << 8 | at[3];
    }
    if (head + size > IN_BYTES)
        give_up("a frame larger than the buffer");
    if (have < head + size)
        return 0;
    hear(seat, at[0] & 15, (const char *)at + head, size);
    return head + size;
}

static void readable(struct seat *seat)
{
    if (seat->fd < 0)
        return;
    ssize_t got = recv(seat->fd, seat->in + seat->have, IN_BYTES - seat->have, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        lose(seat);
        return;
    }
    seat->have += (size_t)got;
    size_t at = 0, taken;
    while (seat->fd >= 0 && (taken = take_frame(seat, seat->in + at, seat->have - at)))
        at += taken;
    memmove(seat->in, seat->in + at, seat->have - at);
    seat->have -= at;
    if (seat->fd >= 0)
        flush(seat);
}

/* Time */

static void catch_up(double began)
{
    static uint64_t due_so_far;
    static uint32_t turn;
    uint64_t due = (uint64_t)((now() - began) * plan.rate);
    for (; due_so_far < due; due_so_far++) {
        struct seat *seat = &seats[turn++ % plan.seats];
        if (seat->fd >= 0) {
            say(seat);
            flush(seat);
        }
    }
}

static void turn_until(int poller, double end, double began)
{
    struct epoll_event events[MOST_EVENTS];
    while (now() < end && (talking || received < 2 * sent || (plan.v1 && acknowledged < sent))) {
        int count = epoll_wait(poller, events, MOST_EVENTS, 10);
        for (int i = 0; i < count; i++) {
            uint32_t which = (uint32_t)events[i].data.u64;
            if (which < plan.seats) {
                readable(&seats[which]);
            } else {
                uint64_t ticks;
                if (read((int)(events[i].data.u64 >> 32), &ticks, sizeof ticks) == sizeof ticks && talking)
                    catch_up(began);
            }
        }
    }
}

/* Set-up */

static void read_plan(void)
{
    if (scanf("%u %u %lf %lf %lf %lf %u %u %u", &plan.seats, &plan.window, &plan.rate, &plan.warm_up, &plan.seconds,
              &plan.drain, &plan.client_ids, &plan.v1, &plan.characters) != 9)
        give_up("not a plan");
    if (plan.characters >= sizeof filler)
        give_up("text too long");
    static const char words[] = "the quick brown fox jumps over the lazy dog and then over the moon, ";
    for (size_t i = 0; i < sizeof filler - 1; i++)
        filler[i] = words[i % (sizeof words - 1)];
    seats = calloc(plan.seats, sizeof *seats);
    for (uint32_t i = 0; i < plan.seats; i++) {
        if (scanf("%d %u", &seats[i].fd, &seats[i].number) != 2 || seats[i].number > 99999)
            give_up("not a seat");
        sprintf(seats[i].mark, "#%05u.", seats[i].number);
        fcntl(seats[i].fd, F_SETFL, O_NONBLOCK);
    }
}

static int make_poller(void)
{
    int poller = epoll_create1(0);
    for (uint32_t i = 0; i < plan.seats; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        epoll_ctl(poller, EPOLL_CTL_ADD, seats[i].fd, &event);
    }
    if (plan.rate > 0) {
        int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        struct itimerspec each = {{0, 1000000}, {0, 1000000}};
        timerfd_settime(timer, 0, &each, NULL);
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)timer << 32 | UINT32_MAX};
        epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    }
    return poller;
}

static void announce(const char *what)
{
    puts(what);
    fflush(stdout);
}

static void write_log(const char *path)
{
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (uint8_t *at = log_start; at < log_at;) {
        ssize_t done = write(out, at, (size_t)(log_at - at) > 1 << 24 ? 1 << 24 : (size_t)(log_at - at));
        if (done <= 0)
            give_up("the log cannot be written");
        at += done;
    }
    close(out);
}

int main(int count, char **arguments)
{
    const size_t log_bytes = (size_t)4 << 30;
    if (count != 2)
        give_up("usage: talk OUTPUT");
    read_plan();
    log_start = mmap(NULL, log_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (log_start == MAP_FAILED)
        give_up("no room for the log");
    log_at = log_start;
    log_end = log_start + log_bytes;
    int poller = make_poller();
    double began = now();
    for (uint32_t i = 0; i < plan.seats; i++) {
        for (uint32_t n = 0; n < plan.window; n++)
            say(&seats[i]);
        flush(&seats[i]);
    }
    turn_until(poller, began + plan.warm_up, began);
    announce("start");
    turn_until(poller, began + plan.warm_up + plan.seconds, began);
    announce("stop");
    talking = 0;
    turn_until(poller, now() + plan.drain, began);
    write_log(arguments[1]);
    return 0;
}
