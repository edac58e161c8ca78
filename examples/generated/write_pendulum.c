/* Writes a pendulum with a motor as C, into a folder: pendulum_step.c, what it does in a twentieth of a second; and
 * pendulum_cost.c, what two seconds of it cost, with the gradient by the torques. The build runs this program;
 * what it writes needs nothing of adze (controller.c).
 *
 *     write_pendulum FOLDER */
#include <adze.h>

#include <stdio.h>
#include <string.h>

enum { HORIZON = 40, STATE = 2 };
static const double time_step = 0.05;

/* Speed and acceleration of the angle from the upper rest, where the pendulum would fall from. */
static void rates(const ad_real s[STATE], ad_real torque, ad_real rate[STATE])
{
    rate[0] = s[1];
    rate[1] = ad_add(ad_mul(ad_sin(s[0]), 9.81), torque);
}

/* By the midpoint. */
static void step(ad_real s[STATE], ad_real torque)
{
    ad_real rate[STATE], middle[STATE];
    rates(s, torque, rate);
    for (int i = 0; i < STATE; i++)
        middle[i] = ad_muladd(rate[i], time_step / 2, s[i]);
    rates(middle, torque, rate);
    for (int i = 0; i < STATE; i++)
        s[i] = ad_muladd(rate[i], time_step, s[i]);
}

/* x: angle, speed, and the torque. y: angle and speed one step later. */
static void move(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    memcpy(y, x, m * sizeof *y);
    step(y, x[STATE]);
}

/* x: angle and speed at the beginning, then the torque of each step. y: the cost. */
static void cost(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real s[STATE] = {x[0], x[1]};
    (void)m, (void)env;
    y[0] = ad_real_constant(0);
    for (size_t i = STATE; i < n; i++) {
        step(s, x[i]);
        ad_real off = ad_muladd(ad_square(s[1]), 0.1, ad_square(s[0]));
        y[0] = ad_add(y[0], ad_muladd(ad_square(x[i]), 0.001, off));
    }
}

static ad_status write_step(const char *folder, ad_error *error)
{
    const double x[STATE + 1] = {0.5};
    ad_program *p = ad_program_of(move, STATE + 1, x, STATE, NULL, NULL, error);
    ad_status status = ad_program_save_c(p, folder, "pendulum_step", NULL, NULL, error);
    ad_program_free(p);
    return status;
}

static ad_status write_cost(const char *folder, ad_error *error)
{
    const double x[STATE + HORIZON] = {0.5};
    size_t torques[HORIZON];
    for (size_t i = 0; i < HORIZON; i++)
        torques[i] = STATE + i;
    ad_program *p = ad_program_of(cost, STATE + HORIZON, x, 1, NULL, NULL, error);
    ad_program *gradient = ad_program_gradient(p, HORIZON, torques, error);
    ad_status status = ad_program_save_c(gradient, folder, "pendulum_cost", NULL, NULL, error);
    ad_program_free(gradient);
    ad_program_free(p);
    return status;
}

int main(int argc, char **argv)
{
    ad_error error = {AD_OK, ""};
    if (argc != 2) {
        fprintf(stderr, "usage: write_pendulum FOLDER\n");
        return 2;
    }
    if (write_step(argv[1], &error) == AD_OK && write_cost(argv[1], &error) == AD_OK)
        return 0;
    fprintf(stderr, "write_pendulum: %s\n", error.text);
    return 1;
}
