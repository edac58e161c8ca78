/* A controller that plans ahead (model predictive control), all of it plain C.
 *
 * A cart brings an upright pole two metres to the left, and someone pushes it on the way. At each step the forces of
 * the next second are planned anew: Newton's method on their cost, whose gradient and Hessian are C that
 * plan_generator.c wrote while this was built. Nothing of adze is in this program, and nothing is allocated: it
 * could run on a microcontroller. */
#include "horizon.h"
#include "plan_bend.h"
#include "plan_cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 160, NEWTON = 3, SHOW = 8, WIDTH = 60, SHOVED = 70 };

typedef struct controller {
    double numbers[NUMBERS + STEPS]; /* the state, the forces, and a direction */
    double work[PLAN_BEND_WORK > PLAN_COST_WORK ? PLAN_BEND_WORK : PLAN_COST_WORK];
    double results[PLAN_BEND_OUTPUTS]; /* cost and gradient, and both along the direction */
    double slope[STEPS], hessian[STEPS][STEPS], factor[STEPS][STEPS];
} controller;

/* ---- Newton's method ---------------------------------------------------------------- */

static double cost_of(controller *c)
{
    double cost;
    plan_cost(c->numbers, c->work, &cost);
    return cost;
}

/* The gradient, and the Hessian column by column. */
static void look(controller *c)
{
    double *direction = c->numbers + NUMBERS;
    for (int k = 0; k < STEPS; k++) {
        direction[k] = 1;
        plan_bend(c->numbers, c->work, c->results);
        direction[k] = 0;
        memcpy(c->hessian[k], c->results + 1 + STEPS + 1, sizeof c->hessian[k]);
    }
    memcpy(c->slope, c->results + 1, sizeof c->slope);
}

/* The factor L of H + shift = L L^T. Whether that is positive definite. */
static int factorise(controller *c, double shift)
{
    for (int i = 0; i < STEPS; i++)
        for (int j = 0; j <= i; j++) {
            double sum = c->hessian[i][j] + (i == j ? shift : 0);
            for (int k = 0; k < j; k++)
                sum -= c->factor[i][k] * c->factor[j][k];
            if (i == j && !(sum > 0))
                return 0;
            c->factor[i][j] = i == j ? sqrt(sum) : sum / c->factor[j][j];
        }
    return 1;
}

/* Solves L L^T step = g in place. */
static void solve(const controller *c, double *step)
{
    for (int i = 0; i < STEPS; i++) {
        for (int k = 0; k < i; k++)
            step[i] -= c->factor[i][k] * step[k];
        step[i] /= c->factor[i][i];
    }
    for (int i = STEPS; i-- > 0;) {
        for (int k = i + 1; k < STEPS; k++)
            step[i] -= c->factor[k][i] * step[k];
        step[i] /= c->factor[i][i];
    }
}

/* One step, with a Hessian that is made positive definite if it is not; half as far as long as the cost does not
 * fall. */
static void improve(controller *c)
{
    double step[STEPS], before[STEPS], *force = c->numbers + STATES, cost = cost_of(c);
    look(c);
    for (double shift = 0; !factorise(c, shift) && shift < 1e9;)
        shift = 10 * shift + 1e-3;
    memcpy(step, c->slope, sizeof step);
    memcpy(before, force, sizeof before);
    solve(c, step);
    for (double length = 1; length > 1e-3; length /= 2) {
        for (int k = 0; k < STEPS; k++)
            force[k] = before[k] - length * step[k];
        if (cost_of(c) < cost)
            return;
    }
    memcpy(force, before, sizeof before);
}

/* The force to apply now. The plan is that of the step before, a step on. */
static double decide(controller *c, const double *state)
{
    double *force = c->numbers + STATES;
    memcpy(c->numbers, state, STATES * sizeof *state);
    memmove(force, force + 1, (STEPS - 1) * sizeof *force);
    for (int i = 0; i < NEWTON; i++)
        improve(c);
    return force[0];
}

/* ---- the world ---------------------------------------------------------------------- */

/* The cart itself: the equations of plan_generator.c in steps of a hundredth of the time. */
static void move(double *s, double force)
{
    const double h = STEP / 100, pole = 0.1, both = 1.1, length = 0.5, g = 9.81;
    for (int i = 0; i < 100; i++) {
        double sine = sin(s[2]), cosine = cos(s[2]);
        double push = (force + pole * length * s[3] * s[3] * sine) / both;
        double turn =
            (g * sine - cosine * push) / (length * (4.0 / 3 - pole / both * cosine * cosine));
        s[1] += h * (push - pole * length / both * turn * cosine);
        s[3] += h * turn;
        s[0] += h * s[1];
        s[2] += h * s[3];
    }
}

/* The rail, with the cart as its pole leans. */
static void show(int round, const double *s, double force)
{
    char rail[WIDTH + 1];
    int at = (int)lround((s[0] + 2.5) / 5 * (WIDTH - 1));
    memset(rail, '.', WIDTH);
    rail[WIDTH] = '\0';
    rail[WIDTH / 2] = '+';
    if (at >= 0 && at < WIDTH)
        rail[at] = s[2] < -0.05 ? '\\' : s[2] > 0.05 ? '/' : '|';
    printf("%4.1f s  %s  %6.2f m %6.1f deg %6.1f N\n", round * STEP, rail, s[0],
           s[2] * 57.29577951308232, force);
}

int main(int argc, char **argv)
{
    static controller c;
    double state[STATES] = {2, 0, 0, 0}, leaned = 0;
    if (argc > 1) {
        puts("usage: mpc\nA cart carries a pole to the middle of its rail, and keeps it upright.");
        return strcmp(argv[1], "--help") != 0;
    }
    for (int round = 0; round <= ROUNDS; round++) {
        double force = decide(&c, state);
        if (round % SHOW == 0)
            show(round, state, force);
        if (round == SHOVED) {
            puts("        someone pushes the pole");
            state[3] -= 0.8;
        }
        move(state, force);
        leaned = fmax(leaned, fabs(state[2]));
    }
    printf("\nThe pole leaned by %.0f degrees at most. The plan's cost is %.2g now.\n",
           leaned * 57.29577951308232, cost_of(&c));
    if (fabs(state[0]) < 0.05 && fabs(state[2]) < 0.01)
        return 0;
    fputs("mpc: the cart did not arrive\n", stderr);
    return 1;
}
