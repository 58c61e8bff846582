/* The tandem of bench/network.py as a plain C loop: five stations of four servers, 5 % failures, up to three attempts
 * with back-off and full jitter. A binary heap, a free list of customers, xoshiro256++; the mean time in the network and the
 * number of heap events are printed. What a general simulator is compared with.
 *
 *   cc -O3 -o tandem tandem.c -lm && ./tandem CUSTOMERS SEED */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STATIONS = 5, SERVERS = 4, ATTEMPTS = 3, ARRIVAL = 0, DONE = 1, RETRY = 2 };
static const double RATE = 3.0, SERVICE = 1.0, FAILURE = 0.05, BACKOFF = 0.5;

typedef struct { double time; int32_t kind, customer; } Event;
typedef struct { double born; int32_t station, attempt, next; } Customer;

static Event *heap;
static int size, room;
static Customer *customers;
static int people, unused = -1;
static int busy[STATIONS], head[STATIONS], tail[STATIONS];
static uint64_t s[4];

static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline double uniform(void) {
    uint64_t result = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45);
    return ((result >> 11) + 0.5) * 0x1.0p-53;
}

static inline double exponential(double mean) { return -log(uniform()) * mean; }

static void push(double time, int kind, int customer) {
    if (size == room) heap = realloc(heap, (room *= 2) * sizeof *heap);
    int i = size++;
    while (i > 0) {
        int up = (i - 1) / 2;
        if (heap[up].time <= time) break;
        heap[i] = heap[up];
        i = up;
    }
    heap[i] = (Event){time, kind, customer};
}

static Event pop(void) {
    Event top = heap[0], last = heap[--size];
    int i = 0, child;
    while ((child = 2 * i + 1) < size) {
        if (child + 1 < size && heap[child + 1].time < heap[child].time) child++;
        if (heap[child].time >= last.time) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

static void come(double now, int c) {
    int k = customers[c].station;
    if (busy[k] < SERVERS) {
        busy[k]++;
        push(now + exponential(SERVICE), DONE, c);
        return;
    }
    customers[c].next = -1;
    if (head[k] < 0) head[k] = c; else customers[tail[k]].next = c;
    tail[k] = c;
}

int main(int argc, char **argv) {
    long wanted = argc > 1 ? atol(argv[1]) : 1000000, events = 0, finished = 0, failed = 0;
    for (int i = 0; i < 4; i++) s[i] = 0x9E3779B97F4A7C15ull * (uint64_t)(i + 1 + (argc > 2 ? atol(argv[2]) : 0));
    heap = malloc((room = 1024) * sizeof *heap);
    customers = malloc((people = 1 << 20) * sizeof *customers);
    for (int i = people - 1; i >= 0; i--) { customers[i].next = unused; unused = i; }
    for (int k = 0; k < STATIONS; k++) head[k] = tail[k] = -1;
    double total = 0;
    clock_t began = clock();
    push(exponential(1 / RATE), ARRIVAL, 0);
    while (finished + failed < wanted) {
        Event e = pop();
        events++;
        int c = e.customer;
        if (e.kind == ARRIVAL) {
            push(e.time + exponential(1 / RATE), ARRIVAL, 0);
            c = unused;
            unused = customers[c].next;
            customers[c] = (Customer){e.time, 0, 1, -1};
            come(e.time, c);
        } else if (e.kind == RETRY) {
            come(e.time, c);
        } else {
            int k = customers[c].station, next = head[k];
            if (next >= 0) {
                head[k] = customers[next].next;
                push(e.time + exponential(SERVICE), DONE, next);
            } else {
                busy[k]--;
            }
            int is_over = 0;
            if (uniform() < FAILURE) {
                if (customers[c].attempt < ATTEMPTS) {
                    double wait = BACKOFF * (1 << (customers[c].attempt - 1)) * uniform();
                    customers[c].attempt++;
                    push(e.time + wait, RETRY, c);
                } else {
                    failed++;
                    is_over = 1;
                }
            } else {
                customers[c].attempt = 1;
                if (++customers[c].station == STATIONS) {
                    total += e.time - customers[c].born;
                    finished++;
                    is_over = 1;
                } else {
                    come(e.time, c);
                }
            }
            if (is_over) { customers[c].next = unused; unused = c; }
        }
    }
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    printf("%ld %ld %.6f %.6f\n", finished + failed, events, seconds, total / finished);
    return 0;
}
