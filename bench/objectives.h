/* Objectives that several cases share, and the program that writes them as C before the build.
 * Plain forms are the value alone. problems.h says what they are. */
#ifndef BENCH_OBJECTIVES_H
#define BENCH_OBJECTIVES_H

#include "problems.h"

#include <adze.h>

/* ---- Lotka and Volterra ------------------------------------------------------------- */

ad_real lotka_loss(int steps, double seen[LV_SEEN][2], const ad_real *p);
double lotka_value(int steps, double seen[LV_SEEN][2], const double *p);

/* By steps into the complex plane, exact to rounding. */
void lotka_slope(int steps, double seen[LV_SEEN][2], const double *p, double slope[LV_PARAMETERS]);

/* The full matrix, by differences of gradients. */
void lotka_bend(int steps, double seen[LV_SEEN][2], const double *p,
                double bend[LV_PARAMETERS * LV_PARAMETERS]);

/* ---- a mixture of Gaussians --------------------------------------------------------- */

/* What the likelihood has of one point. */
ad_real gmm_point(const ad_real *p, const ad_real *x);

double gmm_logsumexp(const double *x);

/* The sum of that over all points. */
double gmm_points_value(size_t points, const double *x, const double *p);

/* ---- bundle adjustment -------------------------------------------------------------- */

/* The place of a point in a picture. The camera's angle is the norm of its rotation. */
void ba_place(const ad_real in[BA_INPUTS], ad_real angle, ad_real place[2]);

/* in: [BA_RESIDUAL_INPUTS]. */
void ba_residual(const ad_real *in, ad_real error[BA_RESIDUALS]);
void ba_residual_value(const double *in, const double at[2], double error[BA_RESIDUALS]);

/* x, [points, BA_RESIDUAL_INPUTS]: those of the bundle's first observations. */
void ba_fill_residuals(size_t points, double *x);

/* ---- a boundary value problem ------------------------------------------------------- */

void pde_residual(size_t points, const ad_real *u, ad_real *r);
void pde_value(size_t points, const double *u, double *r);
ad_real pde_energy(size_t points, const ad_real *u);
double pde_energy_value(size_t points, const double *u);

#endif
