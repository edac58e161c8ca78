/* A Kalman filter that learns how noisy its world is. A body moves in a plane and is pushed at random; each second its
 * place is seen, with an error. The filter keeps a mean m and a covariance P of the state (x, y and their speeds):
 *
 *     foretell   m = F m,  P = F P F^T + Q
 *     compare    e = seen - H m,  S = H P H^T + R = L L^T,  L z = e,  L W = H P
 *     learn      m = m + W^T z,  P = P - W^T W
 *
 * Q = q^2 G G^T comes from the pushes, R from the errors, which are correlated. Each z also tells how surprising it is
 * what was seen; in all
 *
 *     -log p = sum over time of z^T z / 2 + log det(S) / 2 + log(2 pi)
 *
 * The gradient by q and R goes back through all the steps, and L-BFGS finds the noises that make this least. There the
 * inverse of the Hessian tells how well they are known. (Kalman 1960; Harvey 1989, section 3.4.) */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SECONDS = 100, STATE = 4, SEEN = 2, NUMBERS = 4, WIDTH = 61, HEIGHT = 20 };

static const double pi = 3.14159265358979323846;

/* Logarithms of the deviations of pushes, [1], and errors in x and y, [2]; atanh of the errors' correlation, [1]. */
AD_MODEL(noise, push, error, together);
AD_MODEL_DERIVATIVES(noise);
AD_MODEL_LBFGS(noise);
AD_MODEL_CHECKS(noise);

typedef struct places {
    double at[SECONDS][SEEN];
} places;

typedef struct track {
    places truth, seen;
} track;

/* The noises by themselves: what is printed. */
typedef struct scale {
    double number[NUMBERS]; /* q, the errors' deviations, their correlation */
} scale;

static const scale truth = {{0.15, 4, 2.5, 0.6}};

static track move(void)
{
    track k;
    double at[SEEN] = {0, 0}, speed[SEEN] = {1, 0.7};
    const double *n = truth.number;
    ad_random random = ad_random_new(5, 0);
    for (int t = 0; t < SECONDS; t++) {
        double error[SEEN] = {ad_random_normal(&random), ad_random_normal(&random)};
        error[1] = n[3] * error[0] + sqrt(1 - n[3] * n[3]) * error[1];
        for (int i = 0; i < SEEN; i++) {
            double push = n[0] * ad_random_normal(&random);
            at[i] += speed[i] + push / 2;
            speed[i] += push;
            k.truth.at[t][i] = at[i];
            k.seen.at[t][i] = at[i] + n[1 + i] * error[i];
        }
    }
    return k;
}

/* ---- the filter -------------------------------------------------------------------------- */

static const double one_second[STATE][STATE] = {
    {1, 0, 1, 0}, {0, 1, 0, 1}, {0, 0, 1, 0}, {0, 0, 0, 1}};
static const double from_pushes[STATE][SEEN] = {{0.5, 0}, {0, 0.5}, {1, 0}, {0, 1}};
static const double unit[SEEN][SEEN] = {{1, 0}, {0, 1}}, other[SEEN][SEEN] = {{0, 1}, {1, 0}};
static const double nowhere[STATE][1] = {{0}}; /* the mean before all, */
static const double unknown[STATE][STATE] = {
    {400, 0, 0, 0}, {0, 400, 0, 0}, {0, 0, 4, 0}, {0, 0, 0, 4}}; /* and the covariance */

#define MATRIX(t, a) \
    ad_freeze(t, AD_VIEW(&(a)[0][0], sizeof(a) / sizeof *(a), sizeof *(a) / sizeof **(a)))

/* R [SEEN, SEEN] */
static ad_tensor of_errors(ad_tape *t, const noise_tensors *n)
{
    ad_tensor deviation = ad_exp(n->error), correlation = ad_tanh(n->together);
    ad_tensor correlations = ad_add(MATRIX(t, unit), ad_mul(correlation, MATRIX(t, other)));
    return ad_mul(ad_outer(deviation, deviation), correlations);
}

/* Q [STATE, STATE] */
static ad_tensor of_pushes(ad_tape *t, const noise_tensors *n)
{
    ad_tensor g = ad_mul(MATRIX(t, from_pushes), ad_exp(n->push));
    return ad_matmul(g, ad_transpose(g));
}

/* -log p of all that was seen. means[t] receives the mean after second t; means may be NULL. */
static ad_tensor filter(ad_tape *t, const noise_tensors *n, const track *k, ad_tensor *means)
{
    ad_tensor f = MATRIX(t, one_second), q = of_pushes(t, n), r = of_errors(t, n);
    ad_tensor m = MATRIX(t, nowhere), p = MATRIX(t, unknown), surprise = ad_constant(t, AD_F64, 0);
    for (int i = 0; i < SECONDS; i++) {
        m = ad_matmul(f, m);
        p = ad_add(ad_matmul(ad_matmul(f, p), ad_transpose(f)), q);

        ad_tensor hp = ad_slice(p, 0, 0, SEEN); /* H takes the places out of a state */
        ad_tensor l = ad_cholesky(ad_add(ad_slice(hp, 1, 0, SEEN), r));
        ad_tensor e =
            ad_sub(ad_freeze(t, AD_VIEW(k->seen.at[i], SEEN, 1)), ad_slice(m, 0, 0, SEEN));
        ad_tensor z = ad_triangular_solve(l, e, 0), w = ad_triangular_solve(l, hp, 0);
        ad_tensor log_det = ad_sum(ad_log(ad_diagonal(l, 0))); /* half that of S */
        surprise = ad_add(surprise, ad_add(ad_mul(0.5, ad_sum(ad_square(z))), log_det));

        m = ad_add(m, ad_matmul(ad_transpose(w), z));
        p = ad_sub(p, ad_matmul(ad_transpose(w), w));
        if (means)
            means[i] = m;
    }
    return ad_add(surprise, SECONDS * log(2 * pi));
}

static ad_tensor surprise(ad_tape *t, const noise_tensors *n, const void *env)
{
    return filter(t, n, env, NULL);
}

/* ---- the fit ------------------------------------------------------------------------------- */

static noise noise_new(const scale *s)
{
    noise n = {ad_zeros(AD_F64, AD_SHAPE(1)), ad_zeros(AD_F64, AD_SHAPE(2)),
               ad_zeros(AD_F64, AD_SHAPE(1))};
    if (!n.push.data || !n.error.data || !n.together.data)
        fail("memory ran out");
    ad_array_set(&n.push, 0, log(s->number[0]));
    ad_array_set(&n.error, 0, log(s->number[1]));
    ad_array_set(&n.error, 1, log(s->number[2]));
    ad_array_set(&n.together, 0, atanh(s->number[3]));
    return n;
}

static scale scale_of(const noise *n)
{
    const double *error = n->error.data;
    return (scale){{exp(*(const double *)n->push.data), exp(error[0]), exp(error[1]),
                    tanh(*(const double *)n->together.data)}};
}

static void compare_with_differences(const noise *n, const track *k)
{
    ad_error error = {AD_OK, ""};
    ad_check_report report = {.size = sizeof report};
    ad_check_options options = {.size = sizeof options, .report = &report};
    if (noise_check_gradient(surprise, n, k, &options, &error) != AD_OK)
        fail("%s", error.text);
    printf("%zu numbers of the gradient agree with differences\n", report.numbers);
}

static void fit(ad_tape *tape, const track *k, noise *n)
{
    ad_error error = {AD_OK, ""};
    ad_lbfgs how = ad_lbfgs_new();
    ad_lbfgs_memory memory = {0};
    ad_lbfgs_report report = {.converged = false};
    for (int i = 0; i <= 50 && !report.converged; i++) {
        how.iterations = i > 0; /* the first only evaluates */
        if (noise_lbfgs(tape, surprise, k, &how, &memory, n, &report, &error) != AD_OK)
            fail("%s", error.text);
        scale s = scale_of(n);
        printf("step %2d   -log p %10.5f   |gradient| %.1e   q %.4f\n", i, report.value,
               report.greatest, s.number[0]);
        if (i && !report.iterations)
            break;
    }
    ad_lbfgs_free(&memory);
}

/* Deviations of what was found: roots of the diagonal of the inverse Hessian, times d number / d parameter. */
static scale uncertainty(ad_tape *tape, const track *k, const noise *n)
{
    ad_array hessian = {0};
    scale s = scale_of(n), to;
    if (noise_hessian(tape, surprise, n, k, &hessian) != AD_OK)
        fail("%s", ad_tape_error(tape));
    if (!factor(NUMBERS, hessian.data))
        fail("the Hessian is not positive definite: this is no minimum");
    for (int i = 0; i < NUMBERS; i++) {
        double column[NUMBERS] = {0};
        column[i] = 1;
        solve(NUMBERS, hessian.data, column);
        double slope = i < 3 ? s.number[i] : 1 - s.number[i] * s.number[i];
        to.number[i] = slope * sqrt(column[i]);
    }
    ad_array_free(&hessian);
    return to;
}

/* ---- what comes out ------------------------------------------------------------------------ */

static double distance(const places *a, const places *b)
{
    double sum = 0;
    for (int t = 0; t < SECONDS; t++)
        for (int i = 0; i < SEEN; i++)
            sum += (a->at[t][i] - b->at[t][i]) * (a->at[t][i] - b->at[t][i]);
    return sqrt(sum / SECONDS);
}

static void follow(ad_tape *tape, const track *k, const noise *n, places *found)
{
    ad_tensor means[SECONDS];
    noise_tensors frozen = noise_freeze(tape, n);
    filter(tape, &frozen, k, means);
    check(tape);
    for (int t = 0; t < SECONDS; t++)
        memcpy(found->at[t], ad_read(means[t]).data, sizeof found->at[t]);
    ad_tape_reset(tape);
}

static void mark(char (*rows)[WIDTH], const places *p, const double *least, const double *most,
                 char with)
{
    for (int t = 0; t < SECONDS; t++) {
        double x = (p->at[t][0] - least[0]) / (most[0] - least[0]),
               y = (p->at[t][1] - least[1]) / (most[1] - least[1]);
        if (x >= 0 && x <= 1 && y >= 0 && y <= 1)
            rows[(int)(y * HEIGHT + 0.5)][(int)(x * (WIDTH - 1) + 0.5)] = with;
    }
}

/* Places are dots, what was seen o, the filter's means *. */
static void draw(const track *k, const places *found)
{
    char rows[HEIGHT + 1][WIDTH];
    double least[SEEN] = {INFINITY, INFINITY}, most[SEEN] = {-INFINITY, -INFINITY};
    memset(rows, ' ', sizeof rows);
    for (int t = 0; t < SECONDS; t++)
        for (int i = 0; i < SEEN; i++) {
            least[i] = fmin(least[i], k->seen.at[t][i]);
            most[i] = fmax(most[i], k->seen.at[t][i]);
        }
    mark(rows, &k->seen, least, most, 'o');
    mark(rows, &k->truth, least, most, '.');
    mark(rows, found, least, most, '*');
    for (int row = HEIGHT; row >= 0; row--)
        printf("  |%.*s\n", WIDTH, rows[row]);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"pushes", "errors in x", "errors in y", "correlation"};
    static const scale guess = {{1, 1, 1, 0}};
    places guessed, found;
    settings none = {0};
    read_options(argc, argv, "", &none);
    ad_tape *tape = ad_tape_new(NULL);
    check(tape);
    track k = move();
    noise n = noise_new(&guess);
    follow(tape, &k, &n, &guessed);
    compare_with_differences(&n, &k);
    fit(tape, &k, &n);
    follow(tape, &k, &n, &found);
    scale fitted = scale_of(&n), by = uncertainty(tape, &k, &n);

    printf("\n                fit   deviation   truth\n");
    for (int i = 0; i < NUMBERS; i++)
        printf("%-12s %6.3f   %9.3f  %6.3f\n", names[i], fitted.number[i], by.number[i],
               truth.number[i]);
    printf("\nplaces . as seen o and by the filter *:\n");
    draw(&k, &found);
    printf("root mean square errors: seen %.3f, filter with noises guessed %.3f, fitted %.3f\n",
           distance(&k.seen, &k.truth), distance(&guessed, &k.truth), distance(&found, &k.truth));
    noise_free(&n);
    ad_tape_free(tape);
    return 0;
}
