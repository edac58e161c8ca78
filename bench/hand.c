/* A hand (problems.h): the distances of 100 vertices to measured points, and their Jacobian by 26
 * parameters, forward. */
#include "bench.h"
#include "problems.h"

#include <stdlib.h>

enum { ERRORS = 3 * HAND_SEEN };

typedef struct hand {
    hand_model model;
    ad_recorder *recorder;
    double error[ERRORS], bare[ERRORS], jacobian[ERRORS * HAND_PARAMETERS];
} hand;

/* ---- by adze ------------------------------------------------------------------------ */

typedef struct matrix {
    ad_real at[3][4];
} matrix;

/* A sum of numbers times known ones, and a number. */
static ad_real weighted(double a, ad_real x, double b, ad_real y, double c, ad_real z)
{
    return ad_weighted_sum_reals(3, (double[]){a, b, c}, (ad_real[]){x, y, z});
}

static matrix times_known(const matrix *a, const hand_matrix *b)
{
    matrix c;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) {
            c.at[i][j] = weighted(b->at[0][j], a->at[i][0], b->at[1][j], a->at[i][1], b->at[2][j],
                                  a->at[i][2]);
            if (j == 3)
                c.at[i][j] = ad_add(c.at[i][j], a->at[i][3]);
        }
    return c;
}

/* known times a rotation; the shift is the known one's. */
static matrix known_times(const hand_matrix *a, ad_real b[3][3])
{
    matrix c;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            c.at[i][j] = weighted(a->at[i][0], b[0][j], a->at[i][1], b[1][j], a->at[i][2], b[2][j]);
        c.at[i][3] = ad_real_constant(a->at[i][3]);
    }
    return c;
}

static matrix times(const matrix *a, const matrix *b)
{
    matrix c;
    for (int j = 0; j < 4; j++) {
        ad_real column[3] = {b->at[0][j], b->at[1][j], b->at[2][j]};
        for (int i = 0; i < 3; i++) {
            c.at[i][j] = ad_dot_reals(3, a->at[i], column);
            if (j == 3)
                c.at[i][j] = ad_add(c.at[i][j], a->at[i][3]);
        }
    }
    return c;
}

/* A bone's rotation: about its first axis by `bent`, then about its third by `spread`. */
static void turn(ad_real bent, ad_real spread, ad_real r[3][3])
{
    ad_real s = ad_sin(bent), c = ad_cos(bent), t = ad_sin(spread), d = ad_cos(spread);
    ad_real rows[3][3] = {{d, ad_neg(ad_mul(t, c)), ad_mul(t, s)},
                          {t, ad_mul(d, c), ad_neg(ad_mul(d, s))},
                          {ad_real_constant(0), s, c}};
    memcpy(r, rows, sizeof rows);
}

static ad_real angle(const ad_real *p, int bone, int which)
{
    int i = hand_angle(bone, which);
    return i < 0 ? ad_real_constant(0) : p[i];
}

/* What moves vertices from their places at rest, for each bone. */
static void move_bones(const hand_model *h, const ad_real *p, matrix moves[HAND_BONES])
{
    matrix absolute[HAND_BONES];
    for (int b = 0; b < HAND_BONES; b++) {
        ad_real r[3][3];
        turn(angle(p, b, 0), angle(p, b, 1), r);
        absolute[b] = known_times(&h->relative[b], r);
        if (h->parent[b] >= 0)
            absolute[b] = times(&absolute[h->parent[b]], &absolute[b]);
        moves[b] = times_known(&absolute[b], &h->inverse[b]);
    }
}

/* Rodrigues: a rotation by r = angle times axis. */
static void rotation(const ad_real r[3], ad_real m[3][3])
{
    ad_real size = ad_norm_reals(3, r), s = ad_sin(size), c = ad_cos(size), axis[3];
    ad_real rest = ad_sub(1, c);
    for (int i = 0; i < 3; i++)
        axis[i] = ad_div(r[i], size);
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        ad_real both = ad_mul(ad_mul(axis[i], axis[j]), rest), side = ad_mul(axis[k], s);
        m[i][i] = ad_muladd(ad_square(axis[i]), rest, c);
        m[i][j] = ad_sub(both, side);
        m[j][i] = ad_add(both, side);
    }
}

/* A coordinate of a vertex that all bones move: one statement. */
static ad_real skin(const hand_model *h, const matrix *moves, size_t v, int i)
{
    const double *x = h->vertex[v];
    ad_real part[4 * HAND_BONES];
    double weight[4 * HAND_BONES];
    for (int b = 0; b < HAND_BONES; b++)
        for (int j = 0; j < 4; j++) {
            part[4 * b + j] = moves[b].at[i][j];
            weight[4 * b + j] = h->weight[v][b] * (j < 3 ? x[j] : 1);
        }
    return ad_weighted_sum_reals(4 * (size_t)HAND_BONES, weight, part);
}

static void errors_of(const hand_model *h, const ad_real *p, ad_real *error)
{
    ad_real place[HAND_VERTICES][3], m[3][3];
    matrix moves[HAND_BONES];
    move_bones(h, p, moves);
    rotation(p, m);
    for (size_t v = 0; v < h->vertices; v++) {
        ad_real x[3];
        for (int i = 0; i < 3; i++)
            x[i] = skin(h, moves, v, i);
        for (int i = 0; i < 3; i++)
            place[v][i] = ad_add(ad_dot_reals(3, m[i], x), p[3 + i]);
    }
    for (size_t k = 0; k < h->seen; k++)
        for (int i = 0; i < 3; i++)
            error[3 * k + (size_t)i] = ad_sub(h->at[k][i], place[h->which[k]][i]);
}

static void hand_adze(void *state)
{
    hand *h = state;
    ad_real p[HAND_PARAMETERS], error[ERRORS];
    size_t m = 3 * h->model.seen;
    ad_recorder_reset(h->recorder);
    ad_real_inputs(h->recorder, HAND_PARAMETERS, h->model.parameters, p);
    errors_of(&h->model, p, error);
    ad_real_jacobian(m, error, HAND_PARAMETERS, p, h->jacobian);
    for (size_t j = 0; j < m; j++)
        h->error[j] = error[j].value;
    check_recorder(h->recorder);
}

/* ---- the value ---------------------------------------------------------------------- */

static hand_matrix turn_plain(double bent, double spread)
{
    double s = sin(bent), c = cos(bent), t = sin(spread), d = cos(spread);
    return (hand_matrix){{{d, -t * c, t * s, 0}, {t, d * c, -d * s, 0}, {0, s, c, 0}}};
}

static double angle_plain(const double *p, int bone, int which)
{
    int i = hand_angle(bone, which);
    return i < 0 ? 0 : p[i];
}

static void move_bones_plain(const hand_model *h, const double *p, hand_matrix moves[HAND_BONES])
{
    hand_matrix absolute[HAND_BONES];
    for (int b = 0; b < HAND_BONES; b++) {
        hand_matrix r = turn_plain(angle_plain(p, b, 0), angle_plain(p, b, 1));
        absolute[b] = hand_multiply(&h->relative[b], &r);
        if (h->parent[b] >= 0)
            absolute[b] = hand_multiply(&absolute[h->parent[b]], &absolute[b]);
        moves[b] = hand_multiply(&absolute[b], &h->inverse[b]);
    }
}

static void rotation_plain(const double r[3], double m[3][3])
{
    double size = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), s = sin(size), c = cos(size);
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        double x = r[i] / size, both = x * (r[j] / size) * (1 - c), side = r[k] / size * s;
        m[i][i] = x * x * (1 - c) + c;
        m[i][j] = both - side;
        m[j][i] = both + side;
    }
}

static void place_plain(const hand_model *h, const hand_matrix *moves, size_t v, double place[3])
{
    const double *x = h->vertex[v];
    memset(place, 0, 3 * sizeof *place);
    for (int b = 0; b < HAND_BONES; b++)
        for (int i = 0; i < 3; i++) {
            const double *m = moves[b].at[i];
            place[i] += h->weight[v][b] * (m[0] * x[0] + m[1] * x[1] + m[2] * x[2] + m[3]);
        }
}

static void value_of(const void *env, const double *p, double *y)
{
    const hand_model *h = env;
    hand_matrix moves[HAND_BONES];
    double place[HAND_VERTICES][3], m[3][3];
    move_bones_plain(h, p, moves);
    rotation_plain(p, m);
    for (size_t v = 0; v < h->vertices; v++) {
        double x[3];
        place_plain(h, moves, v, x);
        for (int i = 0; i < 3; i++)
            place[v][i] = m[i][0] * x[0] + m[i][1] * x[1] + m[i][2] * x[2] + p[3 + i];
    }
    for (size_t k = 0; k < h->seen; k++)
        for (int i = 0; i < 3; i++)
            y[3 * k + (size_t)i] = h->at[k][i] - place[h->which[k]][i];
}

static void hand_bare(void *state)
{
    hand *h = state;
    value_of(&h->model, h->model.parameters, h->bare);
}

/* ---- setup -------------------------------------------------------------------------- */

static void slope_along(const void *env, const double *d, double *slope)
{
    const hand *h = env;
    for (size_t j = 0; j < 3 * h->model.seen; j++) {
        slope[j] = 0;
        for (size_t i = 0; i < HAND_PARAMETERS; i++)
            slope[j] += h->jacobian[j * HAND_PARAMETERS + i] * d[i];
    }
}

static void value_at(const void *env, const double *p, double *y)
{
    const hand *h = env;
    value_of(&h->model, p, y);
}

static double hand_difference(void *state)
{
    hand *h = state;
    size_t m = 3 * h->model.seen;
    return fmax(
        values_difference(m, h->error, h->bare),
        slopes_difference(value_at, slope_along, h, HAND_PARAMETERS, h->model.parameters, m));
}

static bench_work hand_setup(const bench_case *this, const bench_setting *s)
{
    (void)this;
    hand *h = take(1, sizeof *h);
    h->recorder = bench_recorder(0);
    hand_fill(s->smoke ? HAND_VERTICES_SMOKE : HAND_VERTICES,
              s->smoke ? HAND_SEEN_SMOKE : HAND_SEEN, &h->model);
    double arguments = 3.0 * (double)h->model.vertices * (4 * HAND_BONES + 6);
    return (bench_work){h, NULL, 1, 2 * HAND_PARAMETERS * arguments, 12 * arguments, h->recorder};
}

static void hand_teardown(void *state)
{
    hand *h = state;
    ad_recorder_free(h->recorder);
    free(h);
}

static const bench_kind hand_kind = {.setup = hand_setup,
                                     .adze = hand_adze,
                                     .bare = hand_bare,
                                     .difference = hand_difference,
                                     .teardown = hand_teardown};

static const bench_case cases[] = {
    {"hand_simple", "a hand, 544 vertices on 22 bones: errors of 100, Jacobian by 26 parameters",
     &hand_kind, NULL},
};

const bench_table hand_table = BENCH_TABLE(cases);
