/* Bundle adjustment: where cameras stood and what they saw, from the pixels of the same points in all pictures.
 *
 * A camera has a rotation (Rodrigues: axis times angle), a place and a focal length. Each observation depends on
 * its camera and its point alone. So the Jacobian is one block of 2 x 10 an observation: each is recorded,
 * differentiated and forgotten by itself, on one recorder that never holds more. Steps are Levenberg and
 * Marquardt's (1944, 1963). The scene is made from a seed, with half a pixel of noise. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CAMERAS = 6, POINTS = 30, CAMERA = 7, POINT = 3, BLOCK = CAMERA + POINT };
enum { UNKNOWNS = CAMERAS * CAMERA + POINTS * POINT, MOST_STEPS = 20 };

#define NOISE 0.5 /* pixels */

typedef struct scene {
    double unknown[UNKNOWNS]; /* all cameras, then all points */
    double pixel[CAMERAS][POINTS][2];
} scene;

/* (J^T J) step = J^T off. */
typedef struct equations {
    double matrix[UNKNOWNS][UNKNOWNS], right[UNKNOWNS];
    double squares[CAMERAS]; /* of the distances off */
} equations;

/* Where unknown k of the block of a camera and a point stands among all. */
static int place(int camera, int point, int k)
{
    return k < CAMERA ? camera * CAMERA + k : CAMERAS * CAMERA + point * POINT + k - CAMERA;
}

/* ---- one observation ----------------------------------------------------------------- */

/* y = x turned about the axis w by the angle |w|. */
static void rotate(const ad_real *w, const ad_real *x, ad_real *y)
{
    ad_real square = ad_squared_norm_reals(3, w), angle = ad_sqrt(square);
    ad_real part[3] = {ad_cos(angle), ad_real_constant(1), ad_real_constant(0.5)};
    if (square.value > 1e-16) { /* else their limits */
        part[1] = ad_div(ad_sin(angle), angle);
        part[2] = ad_div(ad_sub(1, part[0]), square);
    }
    part[2] = ad_mul(part[2], ad_dot_reals(3, w, x));
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        ad_real across = ad_sub(ad_mul(w[j], x[k]), ad_mul(w[k], x[j]));
        y[i] = ad_dot_reals(3, part, (ad_real[]){x[i], across, w[i]});
    }
}

/* x: a camera's rotation, place and focal length, and a point. */
static void project(const ad_real *x, ad_real *pixel)
{
    ad_real at[3];
    rotate(x, x + CAMERA, at);
    for (int i = 0; i < 3; i++)
        at[i] = ad_add(at[i], x[3 + i]);
    for (int i = 0; i < 2; i++)
        pixel[i] = ad_mul(x[6], ad_div(at[i], at[2]));
}

/* How far a projected point is off what was seen, in pixels, and the derivatives. */
static void observe(ad_recorder *r, const scene *s, int camera, int point, double *off,
                    double (*jacobian)[BLOCK])
{
    double at[BLOCK];
    ad_real x[BLOCK], pixel[2];
    for (int k = 0; k < BLOCK; k++)
        at[k] = s->unknown[place(camera, point, k)];
    ad_recorder_reset(r);
    ad_real_inputs(r, BLOCK, at, x);
    project(x, pixel);
    if (ad_real_jacobian(2, pixel, BLOCK, x, jacobian[0]) != AD_OK)
        fail("%s", ad_recorder_error(r));
    for (int i = 0; i < 2; i++)
        off[i] = pixel[i].value - s->pixel[camera][point][i];
}

/* ---- all of them --------------------------------------------------------------------- */

static void add_block(equations *e, int camera, int point, const double *off,
                      double (*jacobian)[BLOCK])
{
    for (int i = 0; i < 2; i++) {
        e->squares[camera] += off[i] * off[i];
        for (int k = 0; k < BLOCK; k++) {
            int row = place(camera, point, k);
            e->right[row] += jacobian[i][k] * off[i];
            for (int l = 0; l < BLOCK; l++)
                e->matrix[row][place(camera, point, l)] += jacobian[i][k] * jacobian[i][l];
        }
    }
}

/* Sets up the equations. Returns the sum of squares. */
static double sum_up(ad_recorder *r, const scene *s, equations *e)
{
    double sum = 0, off[2], jacobian[2][BLOCK];
    memset(e, 0, sizeof *e);
    for (int camera = 0; camera < CAMERAS; camera++) {
        for (int point = 0; point < POINTS; point++) {
            observe(r, s, camera, point, off, jacobian);
            add_block(e, camera, point, off, jacobian);
        }
        sum += e->squares[camera];
    }
    return sum;
}

/* The greater the damping, the shorter the step. It also holds what pixels leave open: size and place of all. */
static void step(scene *s, equations e, double damping)
{
    for (int i = 0; i < UNKNOWNS; i++)
        e.matrix[i][i] *= 1 + damping;
    if (!factor(UNKNOWNS, e.matrix[0]))
        fail("the equations are singular");
    solve(UNKNOWNS, e.matrix[0], e.right);
    for (int i = 0; i < UNKNOWNS; i++)
        s->unknown[i] -= e.right[i];
}

static void adjust(ad_recorder *r, scene *s, equations *e)
{
    double damping = 1e-3, sum = sum_up(r, s, e);
    for (int k = 0; k <= MOST_STEPS; k++) {
        printf("step %2d   error %8.4f pixels   damping %.0e\n", k,
               sqrt(sum / (2 * CAMERAS * POINTS)), damping);
        scene next = *s;
        equations there;
        step(&next, *e, damping);
        double lower = sum_up(r, &next, &there);
        if (fabs(lower - sum) < 1e-6 * sum)
            break;
        damping *= lower < sum ? 0.1 : 10;
        if (lower < sum) {
            *s = next;
            *e = there;
            sum = lower;
        }
    }
}

/* ---- the scene ----------------------------------------------------------------------- */

/* Cameras all around a cube of points, and what they see. */
static void make_scene(scene *s, ad_random *random)
{
    for (int c = 0; c < CAMERAS; c++) {
        const double camera[CAMERA] = {
            0.1 * ad_random_normal(random), 0.5 * c - 1.2, 0, 0, 0, 6, 800};
        memcpy(s->unknown + c * CAMERA, camera, sizeof camera);
    }
    for (int i = CAMERAS * CAMERA; i < UNKNOWNS; i++)
        s->unknown[i] = 2 * ad_random_uniform(random) - 1;
    for (int c = 0; c < CAMERAS; c++)
        for (int p = 0; p < POINTS; p++) {
            ad_real x[BLOCK], pixel[2];
            for (int k = 0; k < BLOCK; k++) /* of constants nothing is recorded */
                x[k] = ad_real_constant(s->unknown[place(c, p, k)]);
            project(x, pixel);
            for (int i = 0; i < 2; i++)
                s->pixel[c][p][i] = pixel[i].value + NOISE * ad_random_normal(random);
        }
}

/* From where the search starts. */
static void disturb(scene *s, ad_random *random)
{
    const double by[] = {0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 80, 0.3};
    for (int i = 0; i < UNKNOWNS; i++)
        s->unknown[i] += by[i < CAMERAS * CAMERA ? i % CAMERA : CAMERA] * ad_random_normal(random);
}

int main(int argc, char **argv)
{
    settings none = {0};
    read_options(argc, argv, "", &none);
    ad_recorder *r = ad_recorder_new(NULL);
    ad_random random = ad_random_new(1, 0);
    equations before, after;
    scene s;
    if (!r)
        fail("memory ran out for the recorder");
    make_scene(&s, &random);
    disturb(&s, &random);
    printf("%d cameras, %d points: %d residuals, %d unknowns; noise of %.1f pixels\n", CAMERAS,
           POINTS, 2 * CAMERAS * POINTS, UNKNOWNS, NOISE);
    sum_up(r, &s, &before);
    adjust(r, &s, &after);
    printf("\ncamera   error before   after\n");
    for (int c = 0; c < CAMERAS; c++)
        printf("%6d   %12.2f   %5.2f\n", c + 1, sqrt(before.squares[c] / (2 * POINTS)),
               sqrt(after.squares[c] / (2 * POINTS)));
    ad_recorder_free(r);
    return 0;
}
