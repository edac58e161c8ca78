/* The objectives of objectives.h: in numbers that are recorded, and in plain ones. */
#include "objectives.h"

#include <complex.h>
#include <stdlib.h>

/* ---- Lotka and Volterra ------------------------------------------------------------- */

static void rates(const ad_real *p, const ad_real u[2], ad_real rate[2])
{
    ad_real met = ad_mul(u[0], u[1]);
    rate[0] = ad_sub(ad_mul(p[0], u[0]), ad_mul(p[1], met));
    rate[1] = ad_sub(ad_mul(p[2], met), ad_mul(p[3], u[1]));
}

static void go(const ad_real u[2], const ad_real rate[2], double time, ad_real to[2])
{
    for (int i = 0; i < 2; i++)
        to[i] = ad_muladd(rate[i], time, u[i]);
}

static void step(const ad_real *p, ad_real u[2])
{
    ad_real k[4][2], v[2];
    rates(p, u, k[0]);
    go(u, k[0], LV_STEP / 2, v);
    rates(p, v, k[1]);
    go(u, k[1], LV_STEP / 2, v);
    rates(p, v, k[2]);
    go(u, k[2], LV_STEP, v);
    rates(p, v, k[3]);
    for (int i = 0; i < 2; i++) {
        ad_real outer = ad_add(k[0][i], k[3][i]), inner = ad_add(k[1][i], k[2][i]);
        u[i] = ad_muladd(ad_muladd(inner, 2, outer), LV_STEP / 6, u[i]);
    }
}

ad_real lotka_loss(int steps, double seen[LV_SEEN][2], const ad_real *p)
{
    ad_real u[2] = {p[4], p[5]}, loss = ad_real_constant(0);
    for (int i = 1; i <= steps; i++) {
        step(p, u);
        for (int j = 0; j < 2 && i % LV_EVERY == 0; j++)
            loss = ad_add(loss, ad_square(ad_sub(u[j], seen[i / LV_EVERY - 1][j])));
    }
    return loss;
}

#define LOTKA_OF(type, name)                                                       \
    static void name##_rates(const type *p, const type u[2], type rate[2])         \
    {                                                                              \
        type met = u[0] * u[1];                                                    \
        rate[0] = p[0] * u[0] - p[1] * met;                                        \
        rate[1] = p[2] * met - p[3] * u[1];                                        \
    }                                                                              \
    static void name##_step(const type *p, type u[2])                              \
    {                                                                              \
        static const double part[4] = {0, LV_STEP / 2, LV_STEP / 2, LV_STEP};      \
        type k[4][2], v[2] = {u[0], u[1]};                                         \
        for (int j = 0; j < 4; j++) {                                              \
            for (int i = 0; i < 2 && j; i++)                                       \
                v[i] = u[i] + k[j - 1][i] * part[j];                               \
            name##_rates(p, v, k[j]);                                              \
        }                                                                          \
        for (int i = 0; i < 2; i++)                                                \
            u[i] += (k[0][i] + k[3][i] + 2 * (k[1][i] + k[2][i])) * (LV_STEP / 6); \
    }                                                                              \
    static type name##_loss(int steps, double seen[LV_SEEN][2], const type *p)     \
    {                                                                              \
        type u[2] = {p[4], p[5]}, loss = 0;                                        \
        for (int i = 1; i <= steps; i++) {                                         \
            name##_step(p, u);                                                     \
            for (int j = 0; j < 2 && i % LV_EVERY == 0; j++) {                     \
                type off = u[j] - seen[i / LV_EVERY - 1][j];                       \
                loss += off * off;                                                 \
            }                                                                      \
        }                                                                          \
        return loss;                                                               \
    }
LOTKA_OF(double, plain)
LOTKA_OF(double complex, complex)

double lotka_value(int steps, double seen[LV_SEEN][2], const double *p)
{
    return plain_loss(steps, seen, p);
}

void lotka_slope(int steps, double seen[LV_SEEN][2], const double *at, double slope[LV_PARAMETERS])
{
    const double size = 1e-30;
    for (int i = 0; i < LV_PARAMETERS; i++) {
        double complex p[LV_PARAMETERS];
        for (int j = 0; j < LV_PARAMETERS; j++)
            p[j] = at[j] + (i == j) * size * I;
        slope[i] = cimag(complex_loss(steps, seen, p)) / size;
    }
}

void lotka_bend(int steps, double seen[LV_SEEN][2], const double *at,
                double bend[LV_PARAMETERS * LV_PARAMETERS])
{
    const double size = 1e-5;
    double before[LV_PARAMETERS], after[LV_PARAMETERS], p[LV_PARAMETERS];
    for (int i = 0; i < LV_PARAMETERS; i++) {
        for (int j = 0; j < LV_PARAMETERS; j++)
            p[j] = at[j] + (i == j) * size;
        lotka_slope(steps, seen, p, after);
        p[i] -= 2 * size;
        lotka_slope(steps, seen, p, before);
        for (int j = 0; j < LV_PARAMETERS; j++)
            bend[i * LV_PARAMETERS + j] = (after[j] - before[j]) / (2 * size);
    }
}

/* ---- a mixture of Gaussians --------------------------------------------------------- */

/* |L (x - m)|^2, with the factor L in two parts. */
static ad_real form(const ad_real *x, const ad_real *mean, const ad_real *diagonal,
                    const ad_real *below)
{
    ad_real centred[GMM_D], turned[GMM_D];
    for (int i = 0; i < GMM_D; i++)
        centred[i] = ad_sub(x[i], mean[i]);
    for (int i = 0; i < GMM_D; below += i++) {
        turned[i] = ad_mul(diagonal[i], centred[i]);
        for (int j = 0; j < i; j++)
            turned[i] = ad_muladd(below[j], centred[j], turned[i]);
    }
    return ad_squared_norm_reals(GMM_D, turned);
}

ad_real gmm_point(const ad_real *p, const ad_real *x)
{
    const ad_real *mean = p + GMM_K, *factor = mean + GMM_K * GMM_D;
    ad_real term[GMM_K], diagonal[GMM_D];
    for (int k = 0; k < GMM_K; k++, mean += GMM_D, factor += GMM_FACTOR) {
        ad_real weight = ad_add(p[k], ad_sum_reals(GMM_D, factor));
        for (int i = 0; i < GMM_D; i++)
            diagonal[i] = ad_exp(factor[i]);
        term[k] = ad_muladd(form(x, mean, diagonal, factor + GMM_D), -0.5, weight);
    }
    return ad_logsumexp_reals(GMM_K, term);
}

double gmm_logsumexp(const double *x)
{
    double most = x[0], sum = 0;
    for (int k = 1; k < GMM_K; k++)
        most = fmax(most, x[k]);
    for (int k = 0; k < GMM_K; k++)
        sum += exp(x[k] - most);
    return log(sum) + most;
}

static double plain_form(const double *x, const double *mean, const double *diagonal,
                         const double *below)
{
    double centred[GMM_D], sum = 0;
    for (int i = 0; i < GMM_D; i++)
        centred[i] = x[i] - mean[i];
    for (int i = 0; i < GMM_D; below += i++) {
        double turned = diagonal[i] * centred[i];
        for (int j = 0; j < i; j++)
            turned += below[j] * centred[j];
        sum += turned * turned;
    }
    return sum;
}

double gmm_points_value(size_t points, const double *x, const double *p)
{
    const double *mean = p + GMM_K, *factor = mean + GMM_K * GMM_D;
    double weight[GMM_K], diagonal[GMM_K][GMM_D], term[GMM_K], sum = 0;
    for (int k = 0; k < GMM_K; k++) {
        weight[k] = p[k];
        for (int i = 0; i < GMM_D; i++) {
            diagonal[k][i] = exp(factor[k * GMM_FACTOR + i]);
            weight[k] += factor[k * GMM_FACTOR + i];
        }
    }
    for (size_t n = 0; n < points; n++) {
        for (int k = 0; k < GMM_K; k++)
            term[k] = weight[k] - 0.5 * plain_form(x + n * GMM_D, mean + k * GMM_D, diagonal[k],
                                                   factor + k * GMM_FACTOR + GMM_D);
        sum += gmm_logsumexp(term);
    }
    return sum;
}

/* ---- bundle adjustment -------------------------------------------------------------- */

static ad_real cross(const ad_real a[3], const ad_real b[3], int i)
{
    int j = (i + 1) % 3, k = (i + 2) % 3;
    return ad_sub(ad_mul(a[j], b[k]), ad_mul(a[k], b[j]));
}

/* Rodrigues: a point turned about an axis by an angle, r = angle times axis. */
static void rotate(const ad_real r[3], ad_real angle, const ad_real x[3], ad_real y[3])
{
    if (ad_equal(angle, 0)) {
        for (int i = 0; i < 3; i++)
            y[i] = ad_add(x[i], cross(r, x, i));
        return;
    }
    ad_real c = ad_cos(angle), s = ad_sin(angle), axis[3];
    for (int i = 0; i < 3; i++)
        axis[i] = ad_div(r[i], angle);
    ad_real along = ad_mul(ad_dot_reals(3, axis, x), ad_sub(1, c));
    for (int i = 0; i < 3; i++)
        y[i] = ad_muladd(axis[i], along, ad_muladd(x[i], c, ad_mul(cross(axis, x, i), s)));
}

void ba_place(const ad_real in[BA_INPUTS], ad_real angle, ad_real place[2])
{
    const ad_real *centre = in + 3, *focus = in + 6, *middle = in + 7, *bend = in + 9;
    const ad_real *point = in + BA_CAMERA;
    ad_real from[3], seen[3], flat[2];
    for (int i = 0; i < 3; i++)
        from[i] = ad_sub(point[i], centre[i]);
    rotate(in, angle, from, seen);
    for (int i = 0; i < 2; i++)
        flat[i] = ad_div(seen[i], seen[2]);
    ad_real square = ad_squared_norm_reals(2, flat);
    ad_real scale = ad_add(ad_mul(ad_muladd(bend[1], square, bend[0]), square), 1);
    ad_real far = ad_mul(scale, focus[0]);
    for (int i = 0; i < 2; i++)
        place[i] = ad_muladd(flat[i], far, middle[i]);
}

void ba_residual(const ad_real *in, ad_real error[BA_RESIDUALS])
{
    ad_real place[2];
    ba_place(in, ad_sqrt(ad_squared_norm_reals(3, in)), place);
    for (int i = 0; i < BA_RESIDUALS; i++)
        error[i] = ad_mul(in[BA_INPUTS - 1], ad_sub(place[i], in[BA_INPUTS + i]));
}

static void rotate_plain(const double r[3], const double x[3], double y[3])
{
    double angle = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), c = cos(angle), s = sin(angle);
    double axis[3], along = 0;
    for (int i = 0; i < 3; i++) {
        axis[i] = angle > 0 ? r[i] / angle : 0;
        along += axis[i] * x[i];
    }
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        y[i] = x[i] * c + (axis[j] * x[k] - axis[k] * x[j]) * s + axis[i] * along * (1 - c);
    }
}

void ba_residual_value(const double *in, const double at[2], double error[BA_RESIDUALS])
{
    double from[3], seen[3];
    for (int j = 0; j < 3; j++)
        from[j] = in[BA_CAMERA + j] - in[3 + j];
    rotate_plain(in, from, seen);
    double u = seen[0] / seen[2], v = seen[1] / seen[2], square = u * u + v * v;
    double scale = in[6] * (1 + (in[9] + in[10] * square) * square), weight = in[BA_INPUTS - 1];
    error[0] = weight * (u * scale + in[7] - at[0]);
    error[1] = weight * (v * scale + in[8] - at[1]);
}

void ba_fill_residuals(size_t points, double *x)
{
    enum { POINT = BA_CAMERAS * BA_CAMERA, WEIGHT = POINT + 3 * BA_POINTS };
    double *all = malloc((WEIGHT + BA_SEEN) * sizeof *all), *point = all + POINT;
    ba_seen *seen = malloc(BA_SEEN * sizeof *seen);
    if (!all || !seen)
        abort();
    ba_fill(BA_CAMERAS, all, BA_POINTS, point, BA_SEEN, seen, all + WEIGHT);
    for (size_t i = 0; i < points; i++, x += BA_RESIDUAL_INPUTS) {
        memcpy(x, all + seen[i].camera * (size_t)BA_CAMERA, BA_CAMERA * sizeof *x);
        memcpy(x + BA_CAMERA, point + 3 * (size_t)seen[i].point, 3 * sizeof *x);
        x[BA_INPUTS - 1] = all[WEIGHT + i];
        memcpy(x + BA_INPUTS, seen[i].at, 2 * sizeof *x);
    }
    free(all);
    free(seen);
}

/* ---- a boundary value problem ------------------------------------------------------- */

void pde_residual(size_t points, const ad_real *u, ad_real *r)
{
    const double diffusion = pde_diffusion(points), transport = pde_transport(points);
    for (size_t i = 0; i < points; i++) {
        ad_real left = i > 0 ? u[i - 1] : ad_real_constant(0);
        ad_real right = i + 1 < points ? u[i + 1] : ad_real_constant(0);
        ad_real bent = ad_sub(ad_add(left, right), ad_mul(2, u[i]));
        ad_real carried = ad_mul(u[i], ad_sub(right, left));
        r[i] = ad_add(ad_sub(ad_mul(bent, diffusion), ad_mul(carried, transport)),
                      ad_mul(ad_exp(u[i]), PDE_SOURCE));
    }
}

void pde_value(size_t points, const double *u, double *r)
{
    const double diffusion = pde_diffusion(points), transport = pde_transport(points);
    for (size_t i = 0; i < points; i++) {
        double left = i > 0 ? u[i - 1] : 0, right = i + 1 < points ? u[i + 1] : 0;
        r[i] = (left + right - 2 * u[i]) * diffusion - u[i] * (right - left) * transport +
               exp(u[i]) * PDE_SOURCE;
    }
}

ad_real pde_energy(size_t points, const ad_real *u)
{
    const double stiffness = pde_stiffness(points), load = pde_load(points);
    ad_real sum = ad_mul(ad_square(u[points - 1]), stiffness), last = ad_real_constant(0);
    for (size_t i = 0; i < points; i++) {
        sum = ad_muladd(ad_square(ad_sub(u[i], last)), stiffness, sum);
        sum = ad_sub(sum, ad_mul(ad_exp(u[i]), load));
        last = u[i];
    }
    return sum;
}

double pde_energy_value(size_t points, const double *u)
{
    const double stiffness = pde_stiffness(points), load = pde_load(points);
    double sum = u[points - 1] * u[points - 1] * stiffness, last = 0;
    for (size_t i = 0; i < points; i++) {
        sum += (u[i] - last) * (u[i] - last) * stiffness - exp(u[i]) * load;
        last = u[i];
    }
    return sum;
}
