/* Random sequences of public calls on tapes, tensors, arrays, models and optimisers (RELIABILITY R13).
 *
 * One process runs sequence after sequence and another watches it. If it finds something wrong, or ends by a signal or
 * a sanitizer, the watching process runs shorter and shorter parts of that sequence, and prints the shortest. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "sequences.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 128, THREADS_AT_MOST = 16 };

/* What both processes see. */
typedef struct progress {
    uint64_t sequence;
    size_t step, calls, succeeded;
    char wrong[200];
} progress;

typedef struct options {
    uint64_t seed;
    size_t calls;
    int threads;
} options;

static progress *seen;

/* ---- a sequence --------------------------------------------------------------------- */

static uint64_t number_of(uint64_t sequence, size_t step)
{
    uint64_t z = sequence * 0x9e3779b97f4a7c15u + step * 0xd1342543de82ef95u;
    z = (z ^ z >> 32) * 0xd6e8feb86659fd93u;
    return z ^ z >> 32;
}

/* Runs the steps that `in` says; tells them on stderr if it should. */
static bool run_sequence(uint64_t sequence, const bool *in, bool tells)
{
    scene s;
    budget memory;
    budget_init(&memory);
    seen->sequence = sequence;
    bool good = scene_open(&s, &memory, number_of(sequence, LENGTH), NULL);
    s.tells = tells;
    for (size_t i = 0; good && i < LENGTH; i++) {
        if (in && !in[i])
            continue;
        seen->step = i;
        good = scene_step(&s, number_of(sequence, i));
        seen->calls++;
        if (tells)
            fprintf(stderr, "    %3zu  %s\n", i, s.line);
    }
    seen->succeeded += s.succeeded;
    bool closed = scene_close(&s);
    if (!good || !closed)
        snprintf(seen->wrong, sizeof seen->wrong, "%s: %s", s.call,
                 s.wrong ? s.wrong : "no reason");
    return good && closed;
}

/* In a process of its own: whether it ends well. */
static bool survives(uint64_t sequence, const bool *in, bool tells)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!tells && !freopen("/dev/null", "w", stderr))
            _exit(3);
        _exit(run_sequence(sequence, in, tells) ? 0 : 1);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Leaves out as many steps as possible, in pieces that become smaller. */
static void shrink(uint64_t sequence, bool *in)
{
    for (size_t piece = LENGTH / 2; piece; piece /= 2)
        for (size_t begin = 0; begin < LENGTH; begin += piece) {
            bool less[LENGTH];
            memcpy(less, in, sizeof less);
            memset(less + begin, 0, piece);
            if (memcmp(less, in, sizeof less) != 0 && !survives(sequence, less, false))
                memcpy(in, less, sizeof less);
        }
}

static int report(uint64_t sequence)
{
    bool in[LENGTH];
    memset(in, 1, sizeof in);
    fprintf(stderr, "sequence %llu fails: %s\n", (unsigned long long)sequence,
            seen->wrong[0] ? seen->wrong : "it does not end well");
    if (survives(sequence, in, false)) {
        fputs("but not by itself\n", stderr);
        return 1;
    }
    shrink(sequence, in);
    shrink(sequence, in);
    fputs("the calls that it takes:\n", stderr);
    seen->wrong[0] = '\0';
    survives(sequence, in, true);
    fprintf(stderr, "%s\n", seen->wrong);
    return 1;
}

static int run_alone(const options *o)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        for (uint64_t i = 0; seen->calls < o->calls; i++)
            if (!run_sequence(o->seed * 1000000007u + i, NULL, false))
                _exit(1);
        exit(0); /* so that leaks are looked for */
    }
    bool good =
        waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!good)
        return report(seen->sequence);
    printf("%zu calls, %zu of them on a tape that was good before and after\n", seen->calls,
           seen->succeeded);
    return 0;
}

/* ---- several threads on one tape ------------------------------------------------------ */

typedef struct member {
    pthread_t thread;
    scene s;
    ad_tape *tape;
    budget *memory;
    uint64_t seed;
    size_t calls;
} member;

static void *call_on(void *user)
{
    member *m = user;
    if (!scene_open(&m->s, m->memory, m->seed, m->tape))
        return NULL;
    for (size_t i = 0; i < m->calls; i++) {
        scene_step(&m->s, number_of(m->seed, i));
        if (i % 4 == 0)
            ad_tape_reset(m->tape); /* where nobody else is inside */
    }
    return scene_close(&m->s) ? user : NULL;
}

static bool still_works(ad_tape *t)
{
    static const double numbers[] = {1, 2, 3};
    ad_tape_let_go(t, 0);
    ad_tape_reset(t);
    ad_tape_poll(t, NULL, NULL);
    ad_tape_trace(t, NULL, NULL);
    ad_tape_widen(t, false);
    ad_tensor x = (ad_watch)(t, AD_VIEW(numbers, 3));
    return ad_backward((ad_sum)((ad_square)(x))) == AD_OK &&
           ((const double *)ad_grad(x).data)[2] == 6;
}

static int run_together(const options *o)
{
    static member members[THREADS_AT_MOST];
    budget memory;
    bool good = true;
    budget_init(&memory);
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory.base, .checks = AD_CHECK_THREADS});
    for (int i = 0; i < o->threads; i++) {
        members[i] = (member){.tape = t,
                              .memory = &memory,
                              .seed = o->seed + (uint64_t)i,
                              .calls = o->calls / (size_t)o->threads};
        pthread_create(&members[i].thread, NULL, call_on, &members[i]);
    }
    for (int i = 0; i < o->threads; i++) {
        void *well;
        pthread_join(members[i].thread, &well);
        good = good && well;
    }
    good = good && still_works(t);
    char wrong[128];
    snprintf(wrong, sizeof wrong, "%s", ad_tape_error(t));
    ad_tape_free(t);
    if (!good || memory.blocks || memory.bytes) {
        fprintf(stderr, "%s: %s\n", good ? "memory is not given back" : "the tape does not recover",
                wrong);
        return 1;
    }
    printf("%zu calls by %d threads\n", o->calls, o->threads);
    return 0;
}

/* ---- options ------------------------------------------------------------------------ */

static int help(const char *name)
{
    printf("usage: %s [options]\n"
           "  --calls N     so many calls (100000)\n"
           "  --seed S      the first of the sequences (1)\n"
           "  --threads N   on one tape with AD_CHECK_THREADS; with 1, each sequence has tapes of "
           "its own (1)\n"
           "  --sequence S  one sequence, told call by call\n"
           "  --help        this\n"
           "A sequence that fails is shrunk and printed. The same options give the same calls.\n",
           name);
    return 0;
}

static int run(int argc, char **argv)
{
    options o = {.seed = 1, .calls = 100000, .threads = 1};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--help") == 0)
            return help(argv[0]);
        if (value && strcmp(argv[i], "--calls") == 0)
            o.calls = (size_t)strtoull(value, NULL, 10);
        else if (value && strcmp(argv[i], "--seed") == 0)
            o.seed = strtoull(value, NULL, 10);
        else if (value && strcmp(argv[i], "--threads") == 0)
            o.threads = atoi(value);
        else if (value && strcmp(argv[i], "--sequence") == 0)
            return !survives(strtoull(value, NULL, 10), NULL, true);
        else
            return help(argv[0]), 2;
    }
    if (o.threads < 1 || o.threads > THREADS_AT_MOST)
        return help(argv[0]), 2;
    return o.threads > 1 ? run_together(&o) : run_alone(&o);
}

int main(int argc, char **argv)
{
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return seen == MAP_FAILED ? 3 : run(argc, argv);
}
