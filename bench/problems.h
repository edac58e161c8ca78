/* The problems of numbers one by one, and of programs: their sizes, and data made from a seed, the
 * same for adze, for the bare forms and for the peers in C++. (The objectives themselves are in
 * numbers.c, gmm.c, ..., and once more for the peers in peers/numbers.hpp.)
 *
 * Four are those of ADBench: F. Srajer, Z. Kukelova, A. Fitzgibbon, "A Benchmark of Selected
 * Algorithmic Differentiation Tools on Some Problems in Computer Vision and Machine Learning"
 * (2018), with numbers of our own. This header is C11 and C++17. */
#ifndef BENCH_PROBLEMS_H
#define BENCH_PROBLEMS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PROBLEM static inline __attribute__((unused))

/* ---- numbers from a seed ------------------------------------------------------------ */

/* Steele, Lea, Flood: SplitMix64. */
PROBLEM uint64_t problem_bits(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

PROBLEM double problem_uniform(uint64_t *state, double low, double high)
{
    return low + (high - low) * ldexp((double)(problem_bits(state) >> 11), -53);
}

PROBLEM uint32_t problem_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((problem_bits(state) >> 32) * n >> 32);
}

PROBLEM void problem_fill(uint64_t *state, double *x, size_t n, double low, double high)
{
    for (size_t i = 0; i < n; i++)
        x[i] = problem_uniform(state, low, high);
}

/* ---- chains ------------------------------------------------------------------------- */

/* y = x at first; then y = y a, y + a, y a + b or sin(y), again and again. */
typedef enum chain_op { CHAIN_MUL, CHAIN_ADD, CHAIN_MULADD, CHAIN_SIN } chain_op;

enum { CHAIN_INPUTS = 3 };
static const double chain_inputs[CHAIN_INPUTS] = {0.5, 1.0000001, 1e-7}; /* x, a, b */

/* ---- a random graph ----------------------------------------------------------------- */

/* The first DAG_INPUTS numbers are given, each other is an operation on two before it, or on one.
 * The result is the sum of the last DAG_NEAR. */
enum { DAG_INPUTS = 16, DAG_NEAR = 16, DAG_NUMBERS = 1000000, DAG_NUMBERS_SMOKE = 500 };
typedef enum dag_op { DAG_ADD, DAG_MUL, DAG_SUB, DAG_SIN } dag_op;

typedef struct dag_node {
    uint32_t a, b; /* places of the operands; a sine has the first */
    dag_op op;
} dag_node;

PROBLEM double dag_value(dag_op op, double a, double b)
{
    switch (op) {
    case DAG_ADD:
        return a + b;
    case DAG_MUL:
        return a * b;
    case DAG_SUB:
        return a - b;
    default:
        return sin(a);
    }
}

/* One of the DAG_NEAR numbers before i, or any before it: one as often as the other. */
PROBLEM uint32_t dag_operand(uint64_t *state, uint32_t i)
{
    uint32_t near_ones = i < DAG_NEAR ? i : DAG_NEAR;
    return problem_bits(state) & 1 ? i - 1 - problem_below(state, near_ones)
                                   : problem_below(state, i);
}

/* Fills in n nodes, and their values. All numbers are used. What would become large is a sine, so
 * that nothing grows without bound. `used` has room for n. */
PROBLEM void dag_fill(uint32_t n, dag_node *node, double *value, uint8_t *used)
{
    uint64_t state = 3;
    problem_fill(&state, value, DAG_INPUTS, 0.5, 1);
    memset(used, 0, n);
    for (uint32_t i = DAG_INPUTS; i < n; i++) {
        uint32_t oldest = i - DAG_NEAR;
        dag_node *x = &node[i];
        x->op = (dag_op)problem_below(&state, 4);
        x->a = used[oldest] ? dag_operand(&state, i) : oldest;
        x->b = dag_operand(&state, i);
        if (fabs(dag_value(x->op, value[x->a], value[x->b])) > 2)
            x->op = DAG_SIN;
        value[i] = dag_value(x->op, value[x->a], value[x->b]);
        used[x->a] = 1;
        used[x->b] |= x->op != DAG_SIN;
    }
}

/* ---- Lotka and Volterra ------------------------------------------------------------- */

/* x' = p[0] x - p[1] x y,  y' = p[2] x y - p[3] y,  from (p[4], p[5]), by Runge and Kutta's fourth-
 * order method. The loss is the sum of squares of x and y beside what was observed, after every
 * LV_EVERY steps. */
enum { LV_PARAMETERS = 6, LV_STEPS = 1000, LV_STEPS_SMOKE = 100, LV_EVERY = 50, LV_SEEN = 20 };
#define LV_STEP 0.01
static const double lv_parameters[LV_PARAMETERS] = {1.5, 1, 1, 3, 1, 1};

PROBLEM void lv_fill(double seen[LV_SEEN][2])
{
    uint64_t state = 4;
    problem_fill(&state, &seen[0][0], 2 * (size_t)LV_SEEN, 0.5, 4);
}

/* ---- a mixture of Gaussians --------------------------------------------------------- */

/* The log-likelihood of points x, with a Wishart prior. For each of GMM_K Gaussians: alpha, the
 * logarithm of its weight; its mean; and a factor of its inverse covariance, lower triangular, with
 * the logarithms of the diagonal first, then what is below it, row by row. */
enum {
    GMM_D = 10,
    GMM_K = 25,
    GMM_POINTS = 1000,
    GMM_POINTS_SMOKE = 5,
    GMM_BELOW = GMM_D * (GMM_D - 1) / 2,
    GMM_FACTOR = GMM_D + GMM_BELOW,
    GMM_PARAMETERS = GMM_K * (1 + GMM_D + GMM_FACTOR)
};
static const double GMM_GAMMA = 1, GMM_M = 0; /* of the prior */

/* p: all alphas, then all means, then all factors. */
PROBLEM void gmm_fill(size_t points, double *p, double *x)
{
    uint64_t state = 5;
    problem_fill(&state, p, GMM_PARAMETERS, -0.5, 0.5);
    problem_fill(&state, x, points * GMM_D, -1.5, 1.5);
}

/* What does not depend on the parameters: of the points' likelihood, and of the prior. */
PROBLEM double gmm_constant(size_t points)
{
    double pi = acos(-1.0), n = GMM_D + GMM_M + 1, log_gamma = 0.25 * GMM_D * (GMM_D - 1) * log(pi);
    for (int j = 1; j <= GMM_D; j++)
        log_gamma += lgamma(0.5 * (n + 1 - j));
    double prior = n * GMM_D * (log(GMM_GAMMA) - 0.5 * log(2.0)) - log_gamma;
    return -0.5 * (double)points * GMM_D * log(2 * pi) - GMM_K * prior;
}

/* ---- bundle adjustment -------------------------------------------------------------- */

/* A camera is a rotation (axis times angle), a centre, a focal length, a principal point and two
 * coefficients of distortion. An observation is a point in a picture. Its errors are the distances
 * of the projected point to it, times a weight; and 1 - weight^2. */
enum {
    BA_CAMERAS = 49,
    BA_POINTS = 7776,
    BA_SEEN = 31843,
    BA_CAMERAS_SMOKE = 2,
    BA_POINTS_SMOKE = 5,
    BA_SEEN_SMOKE = 9,
    BA_CAMERA = 11,                /* numbers of a camera */
    BA_INPUTS = BA_CAMERA + 3 + 1, /* of an observation: camera, point, weight */
    BA_ERRORS = 3
};

typedef struct ba_seen {
    uint32_t camera, point;
    double at[2];
} ba_seen;

/* Points lie about the origin, cameras look on from a distance. */
PROBLEM void ba_fill(size_t cameras, double *camera, size_t points, double *point, size_t seen,
                     ba_seen *observation, double *weight)
{
    uint64_t state = 6;
    for (size_t i = 0; i < cameras; i++) {
        double *c = camera + i * BA_CAMERA;
        problem_fill(&state, c, BA_CAMERA, -0.1, 0.1);
        c[5] -= 5; /* the centre's third coordinate */
        c[6] += 1; /* the focal length */
    }
    problem_fill(&state, point, 3 * points, -1, 1);
    problem_fill(&state, weight, seen, 0.5, 1.5);
    for (size_t i = 0; i < seen; i++) {
        observation[i].camera = problem_below(&state, (uint32_t)cameras);
        observation[i].point = problem_below(&state, (uint32_t)points);
        problem_fill(&state, observation[i].at, 2, -0.2, 0.2);
    }
}

/* One residual as a function of 17 numbers: those of an observation, then where it was seen. It
 * is the first two errors, by the first BA_INPUTS numbers. */
enum { BA_RESIDUAL_INPUTS = BA_INPUTS + 2, BA_RESIDUALS = 2, BA_MAPPED = 30000 };

/* ---- a boundary value problem ------------------------------------------------------- */

/* -u'' + u u' = PDE_SOURCE exp(u) on an interval whose ends are 0 and 1, by central differences at
 * PDE_POINTS points between them. u is 0 at both ends. */
enum { PDE_POINTS = 10000, PDE_POINTS_SMOKE = 50 };
static const double PDE_SOURCE = 0.5;

/* By u[i + 1] - 2 u[i] + u[i - 1], and by u[i] (u[i + 1] - u[i - 1]). */
PROBLEM double pde_diffusion(size_t points)
{
    double n = (double)points + 1;
    return n * n;
}

PROBLEM double pde_transport(size_t points)
{
    return 0.5 * ((double)points + 1);
}

/* Without transport, solutions are where an energy is stationary: the sum of squares of
 * differences times (n + 1) / 2, ends among them, less that of PDE_SOURCE exp(u) over n + 1. */
PROBLEM double pde_stiffness(size_t points)
{
    return 0.5 * ((double)points + 1);
}

PROBLEM double pde_load(size_t points)
{
    return PDE_SOURCE / ((double)points + 1);
}

PROBLEM void pde_fill(size_t points, double *u)
{
    uint64_t state = 9;
    problem_fill(&state, u, points, -1, 1);
}

/* ---- cold caches -------------------------------------------------------------------- */

/* What is called cold runs after another 8 MB were written: more than the caches of a core hold. */
enum { COLD_BYTES = 8 << 20 };

PROBLEM void problem_evict(unsigned char room[COLD_BYTES])
{
    for (size_t i = 0; i < COLD_BYTES; i += 64)
        room[i]++;
}

/* ---- a long short-term memory ------------------------------------------------------- */

/* LSTM_LAYERS layers of LSTM_BITS cells, each of which sees one number of the layer before. It
 * foretells the bits of the next character of a text. The loss is the mean negative log-likelihood.
 * */
enum {
    LSTM_LAYERS = 2,
    LSTM_BITS = 14,
    LSTM_CHARACTERS = 1024,
    LSTM_CHARACTERS_SMOKE = 4,
    LSTM_GATES = 4,
    LSTM_LAYER = 2 * LSTM_GATES * LSTM_BITS, /* weights of four gates, then biases */
    LSTM_MAIN = LSTM_LAYERS * LSTM_LAYER,
    LSTM_PARAMETERS = LSTM_MAIN + 3 * LSTM_BITS, /* and weights in, weights out, biases out */
    LSTM_STATE = LSTM_LAYERS * 2 * LSTM_BITS     /* for each layer: hidden, cells */
};
enum { LSTM_FORGET, LSTM_IN, LSTM_OUT, LSTM_CHANGE };

PROBLEM void lstm_fill(size_t characters, double *p, double *state_at_first, double *bits)
{
    uint64_t state = 7;
    problem_fill(&state, p, LSTM_PARAMETERS, 0, 1);
    problem_fill(&state, state_at_first, LSTM_STATE, 0, 1);
    for (size_t i = 0; i < characters * LSTM_BITS; i++)
        bits[i] = (double)(problem_bits(&state) & 1);
}

/* ---- a hand ------------------------------------------------------------------------- */

/* A skeleton of bones moves the vertices of a hand: each bone has a matrix in its parent's frame,
 * turned by up to two angles, and each vertex follows all bones, by weights. The parameters are the
 * hand's rotation (axis times angle) and place, and four angles for each finger. The errors are the
 * distances of some vertices to measured points. Matrices are affine: three rows of four numbers.
 * */
enum {
    HAND_FINGERS = 5,
    HAND_BONES = 2 + 4 * HAND_FINGERS, /* the wrist, four for each finger, the forearm */
    HAND_VERTICES = 544,
    HAND_VERTICES_SMOKE = 6,
    HAND_SEEN = 100,
    HAND_SEEN_SMOKE = 3,
    HAND_PARAMETERS = 6 + 4 * HAND_FINGERS
};

typedef struct hand_matrix {
    double at[3][4];
} hand_matrix;

typedef struct hand_model {
    int parent[HAND_BONES]; /* -1: none */
    hand_matrix relative[HAND_BONES], inverse[HAND_BONES];
    size_t vertices, seen;
    double vertex[HAND_VERTICES][3], weight[HAND_VERTICES][HAND_BONES];
    uint32_t which[HAND_SEEN];
    double at[HAND_SEEN][3];
    double parameters[HAND_PARAMETERS];
} hand_model;

PROBLEM hand_matrix hand_multiply(const hand_matrix *a, const hand_matrix *b)
{
    hand_matrix c;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++)
            c.at[i][j] = a->at[i][0] * b->at[0][j] + a->at[i][1] * b->at[1][j] +
                         a->at[i][2] * b->at[2][j] + (j == 3 ? a->at[i][3] : 0);
    return c;
}

/* Of a rotation and a shift. */
PROBLEM hand_matrix hand_invert(const hand_matrix *a)
{
    hand_matrix b;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            b.at[i][j] = a->at[j][i];
        b.at[i][3] =
            -(a->at[0][i] * a->at[0][3] + a->at[1][i] * a->at[1][3] + a->at[2][i] * a->at[2][3]);
    }
    return b;
}

/* The place of a bone in its parent's frame: turned about an axis, and shifted. */
PROBLEM hand_matrix hand_place(uint64_t *state)
{
    double angle = problem_uniform(state, -1, 1), c = cos(angle), s = sin(angle);
    int axis = (int)problem_below(state, 3), u = (axis + 1) % 3, v = (axis + 2) % 3;
    hand_matrix m;
    memset(&m, 0, sizeof m);
    m.at[axis][axis] = 1;
    m.at[u][u] = m.at[v][v] = c;
    m.at[v][u] = s;
    m.at[u][v] = -s;
    for (int i = 0; i < 3; i++)
        m.at[i][3] = problem_uniform(state, -1, 1);
    return m;
}

PROBLEM void hand_fill_bones(uint64_t *state, hand_model *h)
{
    hand_matrix absolute[HAND_BONES];
    for (int b = 0; b < HAND_BONES; b++) {
        h->parent[b] = b == 0 ? -1 : b % 4 == 1 ? 0 : b - 1; /* fingers begin at the wrist */
        h->relative[b] = hand_place(state);
        absolute[b] =
            b == 0 ? h->relative[b] : hand_multiply(&absolute[h->parent[b]], &h->relative[b]);
        h->inverse[b] = hand_invert(&absolute[b]);
    }
}

PROBLEM void hand_fill(size_t vertices, size_t seen, hand_model *h)
{
    uint64_t state = 8;
    h->vertices = vertices;
    h->seen = seen;
    hand_fill_bones(&state, h);
    problem_fill(&state, h->vertex[0], 3 * vertices, -1, 1);
    for (size_t v = 0; v < vertices; v++) {
        double sum = 0;
        problem_fill(&state, h->weight[v], HAND_BONES, 0.01, 1);
        for (int b = 0; b < HAND_BONES; b++)
            sum += h->weight[v][b];
        for (int b = 0; b < HAND_BONES; b++)
            h->weight[v][b] /= sum;
    }
    for (size_t i = 0; i < seen; i++)
        h->which[i] = problem_below(&state, (uint32_t)vertices);
    problem_fill(&state, h->at[0], 3 * seen, -1, 1);
    problem_fill(&state, h->parameters, HAND_PARAMETERS, -0.5, 0.5);
}

/* The place in the parameters of an angle of a bone: 0 bends it, 1 spreads it. -1: it is 0. The
 * first bone of a finger is stiff, the second has both. */
PROBLEM int hand_angle(int bone, int which)
{
    int finger = (bone - 1) / 4, joint = (bone - 1) % 4;
    if (bone == 0 || bone == HAND_BONES - 1 || joint == 0 || (which == 1 && joint > 1))
        return -1;
    return 6 + 4 * finger + (joint == 1 ? which : joint);
}

#endif
