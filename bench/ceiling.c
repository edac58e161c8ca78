/* BLIS knows some processors by name and falls back to slow kernels on others, newer ones among
 * them. A share of their rate would flatter adze. BLIS_ARCH_TYPE makes BLIS use the kernels of
 * another processor. It reads this variable once, before its first product, so every choice is
 * tried in a child process, which may die of an instruction that this processor does not have. */
#define _POSIX_C_SOURCE 200809L
#include "ceiling.h"

#include "bare.h"
#include "bench.h"
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 2048, PROBE_SIDE = 768, SMOKE_SIDE = 192, REPEATS = 5, ARCHS = 9 };
static const char CHILD[] = "--product-by-blis";

/* ---- products ----------------------------------------------------------------------- */

typedef struct square {
    int64_t side;
    float *a, *b, *c[64]; /* one result a thread */
    ad_tape *tape[64];
} square;

static void square_by_blis(void *user, int part, int parts)
{
    const square *s = user;
    (void)parts;
    bare_blis(bare_rows(s->a, s->side, s->side), bare_rows(s->b, s->side, s->side), s->c[part],
              s->side, sizeof(float));
}

static void square_by_adze(void *user, int part, int parts)
{
    const square *s = user;
    (void)parts;
    ad_tape *t = s->tape[part];
    ad_matmul(ad_freeze(t, AD_VIEW(s->a, s->side, s->side)),
              ad_freeze(t, AD_VIEW(s->b, s->side, s->side)));
    check(t);
    ad_tape_reset(t);
}

static square square_new(int64_t side, int threads)
{
    size_t n = (size_t)(side * side);
    square s = {.side = side, .a = take(n, sizeof(float)), .b = take(n, sizeof(float))};
    fill(AD_F32, s.a, n, 10, -1, 1);
    fill(AD_F32, s.b, n, 11, -1, 1);
    for (int i = 0; i < threads; i++) {
        s.c[i] = take(n, sizeof(float));
        s.tape[i] = bench_tape(NULL);
    }
    return s;
}

static void square_free(square *s, int threads)
{
    for (int i = 0; i < threads; i++) {
        free(s->c[i]);
        ad_tape_free(s->tape[i]);
    }
    free(s->a);
    free(s->b);
}

/* The best of some repeats, all threads together, each with a product of its own. */
static double gflops(bare_part *work, int64_t side, int threads)
{
    square s = square_new(side, threads);
    ad_pool *pool = ad_pool_new(NULL, threads);
    double best = INFINITY;
    bare_run(pool, threads, work, &s);
    for (int i = 0; i < REPEATS; i++) {
        double start = now();
        bare_run(pool, threads, work, &s);
        best = fmin(best, now() - start);
    }
    ad_pool_free(pool);
    square_free(&s, threads);
    return 2.0 * pow((double)side, 3) * threads / best;
}

/* ---- children ----------------------------------------------------------------------- */

bool ceiling_child(int argc, char **argv)
{
    if (argc != 4 || strcmp(argv[1], CHILD) != 0)
        return false;
    printf("%.6g\n", gflops(square_by_blis, strtoll(argv[2], NULL, 10), atoi(argv[3])));
    return true;
}

static void become_child(int out, int arch, int side, int threads)
{
    char type[16], extent[16], count[16];
    snprintf(type, sizeof type, "%d", arch);
    snprintf(extent, sizeof extent, "%d", side);
    snprintf(count, sizeof count, "%d", threads);
    setenv("BLIS_ARCH_TYPE", type, 1);
    dup2(out, STDOUT_FILENO);
    if (freopen("/dev/null", "w", stderr))
        execl("/proc/self/exe", "adze-bench", CHILD, extent, count, (char *)NULL);
    _exit(EXIT_FAILURE);
}

/* 0 where the child came to grief. */
static double gflops_of_child(int arch, int side, int threads)
{
    int ends[2];
    double result = 0;
    if (pipe(ends))
        return 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        become_child(ends[1], arch, side, threads);
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    if (!in || fscanf(in, "%lf", &result) != 1 || !isfinite(result))
        result = 0;
    if (in)
        fclose(in);
    if (child > 0)
        waitpid(child, NULL, 0);
    return result;
}

/* The number of the fastest kernels that run here. */
static int best_arch(void)
{
    int best = -1;
    double most = 0;
    for (int arch = 0; arch < ARCHS; arch++) {
        double reached = gflops_of_child(arch, PROBE_SIDE, 1);
        if (reached > most) {
            most = reached;
            best = arch;
        }
    }
    return best;
}

/* ---- the ceiling -------------------------------------------------------------------- */

ceiling ceiling_measure(int threads, bool smoke)
{
    int side = smoke ? SMOKE_SIDE : SIDE;
    ceiling c = {.arch = smoke ? -1 : best_arch()};
    c.blis = gflops(square_by_blis, side, threads);
    c.adze = gflops(square_by_adze, side, threads);
    if (c.arch >= 0)
        c.chosen = gflops_of_child(c.arch, side, threads);
    c.blis_best = fmax(c.blis, c.chosen);
    c.gflops = fmax(c.blis_best, c.adze);
    if (c.gflops == c.adze)
        snprintf(c.by, sizeof c.by, "adze");
    else if (c.gflops == c.blis)
        snprintf(c.by, sizeof c.by, "BLIS (%s)", bare_blis_arch());
    else
        snprintf(c.by, sizeof c.by, "BLIS (BLIS_ARCH_TYPE=%d)", c.arch);
    return c;
}
