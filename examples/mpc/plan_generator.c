/* Writes C into a folder: plan_cost.c, the cost of a plan; and plan_bend.c, its gradient by the forces with the
 * product of its Hessian and a direction.
 *
 *     plan_generator FOLDER
 *
 * A cart carries a pole that stands upright. A force on the cart is the only control. The plan's inputs are the state
 * now and the force of each step ahead. */
#include "horizon.h"

#include <adze.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct state {
    ad_real position, speed, angle, turning;
} state;

/* The cart (1 kg) and the pole (0.1 kg, half a metre to its middle) after Florian (2007), without friction; the speed
 * is taken at the end of the step. */
static state advance(state s, ad_real force)
{
    const double pole = 0.1, both = 1.1, length = 0.5, g = 9.81;
    ad_real sine = ad_sin(s.angle), cosine = ad_cos(s.angle);
    ad_real push =
        ad_div(ad_add(force, ad_mul(pole * length, ad_mul(ad_square(s.turning), sine))), both);
    ad_real lever = ad_mul(length, ad_sub(4.0 / 3, ad_mul(pole / both, ad_square(cosine))));
    ad_real turn = ad_div(ad_sub(ad_mul(g, sine), ad_mul(cosine, push)), lever);
    ad_real pull = ad_sub(push, ad_mul(pole * length / both, ad_mul(turn, cosine)));
    s.speed = ad_muladd(STEP, pull, s.speed);
    s.turning = ad_muladd(STEP, turn, s.turning);
    s.position = ad_muladd(STEP, s.speed, s.position);
    s.angle = ad_muladd(STEP, s.turning, s.angle);
    return s;
}

static ad_real cost_of(state s, ad_real force)
{
    ad_real where = ad_add(ad_square(s.position), ad_mul(0.1, ad_square(s.speed)));
    ad_real upright = ad_add(ad_mul(20, ad_square(s.angle)), ad_mul(0.1, ad_square(s.turning)));
    return ad_add(ad_add(where, upright), ad_mul(0.005, ad_square(force)));
}

static void plan(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    state s = {x[0], x[1], x[2], x[3]};
    ad_real sum = ad_real_constant(0);
    (void)n, (void)m, (void)env;
    for (int k = 0; k < STEPS; k++) {
        s = advance(s, x[STATES + k]);
        sum = ad_add(sum, cost_of(s, x[STATES + k]));
    }
    y[0] = ad_add(sum, ad_mul(10, cost_of(s, ad_real_constant(0)))); /* what comes after */
}

/* ---- writing ------------------------------------------------------------------------ */

typedef struct texts {
    FILE *of[2]; /* AD_PROGRAM_HEADER, AD_PROGRAM_SOURCE */
} texts;

static bool write_text(void *env, ad_program_text of, const char *text, size_t length)
{
    texts *t = env;
    return fwrite(text, 1, length, t->of[of]) == length;
}

static FILE *open_text(const char *folder, const char *name, char letter)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%c", folder, name, letter);
    FILE *file = fopen(path, "w");
    if (!file) {
        fprintf(stderr, "plan_generator: %s cannot be written\n", path);
        exit(1);
    }
    return file;
}

static void write_program(const char *folder, const char *name, const ad_program *p,
                          ad_error *error)
{
    texts t = {{open_text(folder, name, 'h'), open_text(folder, name, 'c')}};
    ad_program_write_c(p, name, NULL, write_text, &t, error);
    if (fclose(t.of[0]) != 0 || fclose(t.of[1]) != 0)
        ad_fail(error, AD_FILE, "%s cannot be written", name);
}

int main(int argc, char **argv)
{
    size_t forces[STEPS];
    const double x[NUMBERS] = {0};
    ad_error error = {AD_OK, ""};
    if (argc != 2) {
        fprintf(stderr, "usage: plan_generator FOLDER\n");
        return 2;
    }
    for (size_t k = 0; k < STEPS; k++)
        forces[k] = STATES + k;
    ad_program *cost = ad_program_of(plan, NUMBERS, x, 1, NULL, NULL, &error);
    ad_program *slope = ad_program_gradient(cost, STEPS, forces, &error);
    ad_program *bend = ad_program_jvp(slope, STEPS, forces, 1, &error);
    write_program(argv[1], "plan_cost", cost, &error);
    write_program(argv[1], "plan_bend", bend, &error);
    ad_program_free(bend);
    ad_program_free(slope);
    ad_program_free(cost);
    if (error.status == AD_OK)
        return 0;
    fprintf(stderr, "plan_generator: %s\n", error.text);
    return 1;
}
