/* A case with memory that runs out at the first, second, third ... allocation, once or from there on:
 * no leak, no crash, no result, a message, and a tape that can be used again (RELIABILITY R1). */
#include "allocator.h"
#include "probe_parts.h"

#include <string.h>

typedef ad_status attempt(const gradient_case *c, ad_tape *t, const point *p, ad_array *results);

enum { RESULTS = MOST_OPERANDS + 1 };

static ad_status attempt_gradient(const gradient_case *c, ad_tape *t, const point *p,
                                  ad_array *results)
{
    return ad_gradient(t, probe, c->n, p->x, c, results);
}

static ad_status attempt_jvp(const gradient_case *c, ad_tape *t, const point *p, ad_array *results)
{
    return ad_jvp(t, c->f, c->n, p->x, p->x, c->env, &results[0], &results[1]);
}

static ad_status attempt_hvp(const gradient_case *c, ad_tape *t, const point *p, ad_array *results)
{
    return ad_hvp(t, probe, c->n, p->x, p->x, c, results);
}

static void expect_nothing(const gradient_case *c, ad_tape *t, const ad_array *results)
{
    ck_assert_msg(strstr(ad_tape_error(t), "memory ran out"), "%s: %s", c->name, ad_tape_error(t));
    bool nothing = true;
    for (int i = 0; i < RESULTS; i++)
        nothing = nothing && !results[i].data;
    ck_assert_msg(nothing, "%s: a result in spite of failure", c->name);
    ad_tape_reset(t);
}

/* One attempt in which allocation k fails. Whether it failed for that reason. */
static bool fails_for_memory(attempt *run, const gradient_case *c, const point *p, size_t k,
                             int way)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options),
                                                .allocator = &memory.base,
                                                .checks = way & 2 ? AD_CHECK_BOUNDS : 0});
    ad_array results[RESULTS];
    for (int i = 0; i < RESULTS; i++)
        results[i] = (ad_array){.allocator = &memory.base};
    memory.fail_at = memory.calls + k;
    memory.sticky = way & 1;
    bool failed = run(c, t, p, results) == AD_MEMORY;
    memory.fail_at = 0;
    if (failed) {
        expect_nothing(c, t, results);
        ck_assert_msg(run(c, t, p, results) == AD_OK, "%s: %s", c->name, ad_tape_error(t));
    }
    for (int i = 0; i < RESULTS; i++)
        ad_array_free(&results[i]);
    ad_tape_free(t);
    ck_assert_uint_eq(memory.live_blocks, 0);
    return failed;
}

/* All ways, once it is known that it can succeed or fail for another reason: a missing rule. */
static void run_out(attempt *run, const gradient_case *c, const point *p)
{
    for (int way = 0; way < 4; way++)
        for (size_t k = 1; fails_for_memory(run, c, p, k, way); k++)
            if (k > 100000)
                ck_abort_msg("%s: it never succeeds", c->name);
}

void check_out_of_memory(const gradient_case *c)
{
    point p = point_of(c);
    ad_tape *t = ad_tape_new(NULL);
    ad_array results[RESULTS] = {{0}};
    run_out(attempt_gradient, c, &p);
    bool has_jvp = attempt_jvp(c, t, &p, results) == AD_OK;
    if (has_jvp)
        run_out(attempt_jvp, c, &p);
    for (int i = 0; i < RESULTS; i++)
        ad_array_free(&results[i]);
    ad_tape_reset(t);
    if (has_jvp && attempt_hvp(c, t, &p, results) == AD_OK)
        run_out(attempt_hvp, c, &p);
    for (int i = 0; i < RESULTS; i++)
        ad_array_free(&results[i]);
    ad_tape_free(t);
    end_point(&p);
}
