/* Functions of numbers as texts. Written by scripts/c-formulas, do not edit. */
#include "program/c_formulas.h"

/* clang-format off */
const ad_c_formula ad_c_formulas[] = {
    {"ad_bits_f64",
     "static inline uint64_t ad_bits_f64(double x)\n"
     "{\n"
     "    uint64_t bits;\n"
     "    memcpy(&bits, &x, sizeof bits);\n"
     "    return bits;\n"
     "}\n"},
    {"ad_from_bits_f64",
     "static inline double ad_from_bits_f64(uint64_t bits)\n"
     "{\n"
     "    double x;\n"
     "    memcpy(&x, &bits, sizeof x);\n"
     "    return x;\n"
     "}\n"},
    {"ad_exp_parts_f64",
     "typedef struct ad_exp_parts_f64 {\n"
     "    double hi, lo;\n"
     "    uint64_t k;\n"
     "} ad_exp_parts_f64;\n"},
    {"ad_exp_split_f64",
     "static inline ad_exp_parts_f64 ad_exp_split_f64(double x)\n"
     "{\n"
     "    const double round = 0x1.8p52 + 2046;\n"
     "    double sum = x * 0x1.71547652b82fep+0 + round, n = sum - round;\n"
     "    double near = x - n * 0x1.62e42fefa4p-1, rest = n * -0x1.8432a1b0e2634p-43;\n"
     "    double r = near - rest, r2 = r * r, r4 = r2 * r2;\n"
     "    double q = (0x1.000000000000ap-1 + r * 0x1.55555555554f9p-3) + r2 *\n"
     "        (0x1.555555555083ep-5 + r * 0x1.1111111127d1cp-7);\n"
     "    double tail = (0x1.6c16c18438b1p-10 + r * 0x1.a01a012a0b31ap-13) + r2 *\n"
     "        (0x1.a01999e260265p-16 + r * 0x1.71df25bb87cp-19);\n"
     "    q += r4 * (tail + r4 * (0x1.28ad9b8867f6cp-22 + r * 0x1.ad7f31ed9ab51p-26));\n"
     "    double hi = 1 + near, lost = near - (hi - 1);\n"
     "    return (ad_exp_parts_f64){hi, (lost - rest) + r2 * q, ad_bits_f64(sum)};\n"
     "}\n"},
    {"ad_exp_inside_f64",
     "static inline double ad_exp_inside_f64(double x)\n"
     "{\n"
     "    ad_exp_parts_f64 e = ad_exp_split_f64(x);\n"
     "    uint64_t half = e.k >> 1;\n"
     "    return (e.hi + e.lo) * ad_from_bits_f64(half << 52) * ad_from_bits_f64((e.k - half) <<\n"
     "        52);\n"
     "}\n"},
    {"ad_exp_f64",
     "static inline double ad_exp_f64(double x)\n"
     "{\n"
     "    double y = ad_exp_inside_f64(x);\n"
     "    y = x > 710 ? (double)INFINITY : y;\n"
     "    return x < -746 ? 0 : y;\n"
     "}\n"},
    {"ad_expm1_f64",
     "static inline double ad_expm1_f64(double x)\n"
     "{\n"
     "    ad_exp_parts_f64 e = ad_exp_split_f64(x);\n"
     "    double half = ad_from_bits_f64((e.k - 1024) << 52);\n"
     "    double y = 2 * ((half * e.hi - 0.5) + half * e.lo);\n"
     "    y = fabs(x) < 0x1p-54 ? x : y;\n"
     "    y = x > 710 ? (double)INFINITY : y;\n"
     "    return x < -40 ? -1 : y;\n"
     "}\n"},
    {"ad_tanh_f64",
     "static inline double ad_tanh_f64(double x)\n"
     "{\n"
     "    double a = fabs(x);\n"
     "    ad_exp_parts_f64 p = ad_exp_split_f64(2 * a);\n"
     "    double power = ad_from_bits_f64((p.k - 1023) << 52);\n"
     "    double e = (power * p.hi - 1) + power * p.lo;\n"
     "    double q = (e > 2 ? 2 : e) / (e + 2);\n"
     "    double y = e > 2 ? 1 - q : 0.5 * (e - e * q);\n"
     "    return copysign(a > 20 ? 1 : y, x);\n"
     "}\n"},
    {"ad_sigmoid_f64",
     "static inline double ad_sigmoid_f64(double x)\n"
     "{\n"
     "    double a = -fabs(x), e = ad_exp_inside_f64(a);\n"
     "    e = a < -746 ? 0 : e;\n"
     "    double whole = x < 0 ? e : 1;\n"
     "    return whole - whole * (e / (1 + e));\n"
     "}\n"},
    {"ad_log_part_f64",
     "static inline double ad_log_part_f64(double f, double k)\n"
     "{\n"
     "    double s = f / (2 + f), z = s * s, z2 = z * z, h = 0.5 * f * f;\n"
     "    double R = (0x1.5555555555593p-1 + z * 0x1.999999997fc75p-2) + z2 *\n"
     "        ((0x1.24924942045d9p-2 + z * 0x1.c71c51f8acdacp-3) + z2 * ((0x1.7466428a4762p-3 +\n"
     "        z * 0x1.39a157da78e4ap-3) + z2 * 0x1.2f0979744d02p-3));\n"
     "    R *= z;\n"
     "    return k * 0x1.62e42fefa4p-1 - ((h - (s * (h + R) + k * -0x1.8432a1b0e2634p-43)) - f);\n"
     "}\n"},
    {"ad_log_f64",
     "static inline double ad_log_f64(double x)\n"
     "{\n"
     "    const uint64_t root = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;\n"
     "    uint64_t bits = x < DBL_MIN ? ad_bits_f64(x * 0x1p54) - ((uint64_t)54 << 52) :\n"
     "        ad_bits_f64(x);\n"
     "    bits += (one - root) + ((uint64_t)64 << 52);\n"
     "    double k = ad_from_bits_f64((bits >> 52) | ad_bits_f64(0x1p52)) - (0x1p52 + 1023 +\n"
     "        64);\n"
     "    double y = ad_log_part_f64(ad_from_bits_f64((bits & 0xfffffffffffff) + root) - 1, k);\n"
     "    y = x < (double)INFINITY ? y : x;\n"
     "    return x > 0 ? y : x == 0 ? -(double)INFINITY : (double)NAN;\n"
     "}\n"},
    {"ad_log1p_f64",
     "static inline double ad_log1p_f64(double x)\n"
     "{\n"
     "    const uint64_t root = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;\n"
     "    double u = 1 + x, d = x > 1 ? 1 - (u - x) : x - (u - 1);\n"
     "    uint64_t bits = ad_bits_f64(u) + (one - root);\n"
     "    double k = ad_from_bits_f64((bits >> 52) | ad_bits_f64(0x1p52)) - (0x1p52 + 1023);\n"
     "    double f = ad_from_bits_f64((bits & 0xfffffffffffff) + root) - 1;\n"
     "    f = k == 0 ? x : f;\n"
     "    d = k == 0 ? 0 : d / u;\n"
     "    double y = ad_log_part_f64(f, k) + d;\n"
     "    y = x < (double)INFINITY ? y : x;\n"
     "    y = x > -1 ? y : x == -1 ? -(double)INFINITY : (double)NAN;\n"
     "    return fabs(x) < 0x1p-54 ? x : y;\n"
     "}\n"},
    {"ad_gauss_f64",
     "static inline double ad_gauss_f64(double x)\n"
     "{\n"
     "    double a = fabs(x) < 64 ? fabs(x) : 64;\n"
     "    double h = ad_from_bits_f64(ad_bits_f64(a) & 0xfffffffff8000000);\n"
     "    double y = ad_exp_f64(-h * h) * ad_exp_f64(-(a - h) * (a + h));\n"
     "    return x != x ? x : y;\n"
     "}\n"},
    {"ad_sin_inside_f64",
     "static inline double ad_sin_inside_f64(double r)\n"
     "{\n"
     "    double z = r * r, z2 = z * z, z4 = z2 * z2;\n"
     "    double s = (-0x1.5555555555548p-3 + z * 0x1.111111110f74dp-7) + z2 *\n"
     "        (-0x1.a01a019becf02p-13 + z * 0x1.71de355896153p-19) + z4 *\n"
     "        (-0x1.ae5e4e4595758p-26 + z * 0x1.5d8c27ab9a522p-33);\n"
     "    return r + r * z * s;\n"
     "}\n"},
    {"ad_cos_inside_f64",
     "static inline double ad_cos_inside_f64(double r)\n"
     "{\n"
     "    double z = r * r, z2 = z * z, z4 = z2 * z2;\n"
     "    double c = (0x1.555555555554ap-5 + z * -0x1.6c16c16c14efcp-10) + z2 *\n"
     "        (0x1.a01a019c7555cp-16 + z * -0x1.27e4f7dfafd6ep-22) + z4 * (0x1.1ee9d000959c1p-29\n"
     "        + z * -0x1.8fa086eab1716p-37);\n"
     "    return (1 - 0.5 * z) + z2 * c;\n"
     "}\n"},
    {"ad_sin_from_f64",
     "static inline double ad_sin_from_f64(double a, uint64_t quarters)\n"
     "{\n"
     "    const double round = 0x1.8p52;\n"
     "    double t = a * 0x1.45f306dc9c883p-1 + round, n = t - round;\n"
     "    double first = a - n * 0x1.921fb5444p+0, step = n * 0x1.68c234c4cp-39;\n"
     "    double near = first - step, lost = (first - near) - step;\n"
     "    double r = near - (n * 0x1.98a2e03707345p-77 - lost);\n"
     "    double s = ad_sin_inside_f64(r), c = ad_cos_inside_f64(r);\n"
     "    uint64_t q = ad_bits_f64(t) + quarters, odd = 0 - (q & 1);\n"
     "    uint64_t y = (ad_bits_f64(c) & odd) | (ad_bits_f64(s) & ~odd);\n"
     "    return ad_from_bits_f64(y ^ (q & 2) << 62);\n"
     "}\n"},
    {"ad_sin_f64",
     "static inline double ad_sin_f64(double x)\n"
     "{\n"
     "    uint64_t sign = ad_bits_f64(x) & 0x8000000000000000;\n"
     "    return ad_from_bits_f64(ad_bits_f64(ad_sin_from_f64(fabs(x), 0)) ^ sign);\n"
     "}\n"},
    {"ad_cos_f64",
     "static inline double ad_cos_f64(double x)\n"
     "{\n"
     "    return ad_sin_from_f64(fabs(x), 1);\n"
     "}\n"},
    {"ad_times_f64",
     "static inline double ad_times_f64(double a, double b)\n"
     "{\n"
     "    double p = a * b;\n"
     "    p = a == 0 ? 0 : p;\n"
     "    return b == 0 ? 0 : p;\n"
     "}\n"},
    {"ad_share_f64",
     "typedef struct ad_share_f64 {\n"
     "    double w, dw, d2w;\n"
     "} ad_share_f64;\n"},
    {"ad_shared_f64",
     "static inline double ad_shared_f64(double x, ad_share_f64 w)\n"
     "{\n"
     "    return ((w.w) == 0 ? 0 : (w.w) * (x));\n"
     "}\n"},
    {"ad_share_silu_f64",
     "static inline ad_share_f64 ad_share_silu_f64(double x)\n"
     "{\n"
     "    double w = ad_sigmoid_f64(x), dw = w * ad_sigmoid_f64(-x);\n"
     "    return (ad_share_f64){w, dw, dw * (1 - 2 * w)};\n"
     "}\n"},
    {"ad_share_gelu_f64",
     "static inline ad_share_f64 ad_share_gelu_f64(double x)\n"
     "{\n"
     "    const double c = (double)1.59576912160573071176, k = (double)0.044715;\n"
     "    double v = c * (x + k * x * x * x), dv = c * (1 + 3 * k * x * x);\n"
     "    double w = ad_sigmoid_f64(v), slope = w * ad_sigmoid_f64(-v);\n"
     "    double bend = (1 - 2 * w) * dv * dv + 6 * c * k * x;\n"
     "    return (ad_share_f64){w, ((slope) == 0 ? 0 : (slope) * (dv)), ((slope) == 0 ? 0 :\n"
     "        (slope) * (bend))};\n"
     "}\n"},
    {"ad_share_gelu_erf_f64",
     "static inline ad_share_f64 ad_share_gelu_erf_f64(double x)\n"
     "{\n"
     "    const double root = (double)0.707106781186547524401, norm =\n"
     "        (double)0.398942280401432677940;\n"
     "    double density = norm * ad_gauss_f64(root * x);\n"
     "    return (ad_share_f64){(double)0.5 * erfc(-root * x), density, ((density) == 0 ? 0 :\n"
     "        (density) * (-x))};\n"
     "}\n"},
    {"ad_share_mish_f64",
     "static inline ad_share_f64 ad_share_mish_f64(double x)\n"
     "{\n"
     "    double e = ad_exp_f64(-fabs(x)), p = ad_sigmoid_f64(x), q = ad_sigmoid_f64(-x);\n"
     "    double over = x > 0 ? 1 + 2 * e : e * (2 + e);\n"
     "    double under = over + (x > 0 ? 2 * e * e : 2), w = over / under;\n"
     "    double left = (x > 0 ? 2 * e * e : 2) / under;\n"
     "    double dw = left * (1 + w) * p;\n"
     "    return (ad_share_f64){w, dw, dw * (q - 2 * w * p)};\n"
     "}\n"},
    {"ad_neg_value_f64",
     "static inline double ad_neg_value_f64(double x)\n"
     "{\n"
     "    return (double)(-x);\n"
     "}\n"},
    {"ad_log1mexp",
     "static double ad_log1mexp(double x)\n"
     "{\n"
     "    return x > -(double)(0.693147180559945309417232121458176568) ?\n"
     "        ad_log_f64(-ad_expm1_f64(x)) : ad_log1p_f64(-ad_exp_f64(x));\n"
     "}\n"},
    {"ad_abs_value_f64",
     "static inline double ad_abs_value_f64(double x)\n"
     "{\n"
     "    return (double)(fabs(x));\n"
     "}\n"},
    {"ad_sign_value_f64",
     "static inline double ad_sign_value_f64(double x)\n"
     "{\n"
     "    return (double)(x > 0 ? 1 : x < 0 ? -1 : x);\n"
     "}\n"},
    {"ad_ceil_value_f64",
     "static inline double ad_ceil_value_f64(double x)\n"
     "{\n"
     "    return (double)(ceil(x));\n"
     "}\n"},
    {"ad_floor_value_f64",
     "static inline double ad_floor_value_f64(double x)\n"
     "{\n"
     "    return (double)(floor(x));\n"
     "}\n"},
    {"ad_round_value_f64",
     "static inline double ad_round_value_f64(double x)\n"
     "{\n"
     "    return (double)(rint(x));\n"
     "}\n"},
    {"ad_trunc_value_f64",
     "static inline double ad_trunc_value_f64(double x)\n"
     "{\n"
     "    return (double)(trunc(x));\n"
     "}\n"},
    {"ad_sqrt_value_f64",
     "static inline double ad_sqrt_value_f64(double x)\n"
     "{\n"
     "    return (double)(sqrt(x));\n"
     "}\n"},
    {"ad_rsqrt_value_f64",
     "static inline double ad_rsqrt_value_f64(double x)\n"
     "{\n"
     "    return (double)(1 / sqrt(x));\n"
     "}\n"},
    {"ad_cbrt_value_f64",
     "static inline double ad_cbrt_value_f64(double x)\n"
     "{\n"
     "    return (double)(cbrt(x));\n"
     "}\n"},
    {"ad_reciprocal_value_f64",
     "static inline double ad_reciprocal_value_f64(double x)\n"
     "{\n"
     "    return (double)(1 / x);\n"
     "}\n"},
    {"ad_exp_value_f64",
     "static inline double ad_exp_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_exp_f64(x));\n"
     "}\n"},
    {"ad_exp2_value_f64",
     "static inline double ad_exp2_value_f64(double x)\n"
     "{\n"
     "    return (double)(exp2(x));\n"
     "}\n"},
    {"ad_expm1_value_f64",
     "static inline double ad_expm1_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_expm1_f64(x));\n"
     "}\n"},
    {"ad_log_value_f64",
     "static inline double ad_log_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_log_f64(x));\n"
     "}\n"},
    {"ad_log2_value_f64",
     "static inline double ad_log2_value_f64(double x)\n"
     "{\n"
     "    return (double)(log2(x));\n"
     "}\n"},
    {"ad_log10_value_f64",
     "static inline double ad_log10_value_f64(double x)\n"
     "{\n"
     "    return (double)(log10(x));\n"
     "}\n"},
    {"ad_log1p_value_f64",
     "static inline double ad_log1p_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_log1p_f64(x));\n"
     "}\n"},
    {"ad_log1mexp_value_f64",
     "static inline double ad_log1mexp_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_log1mexp(x));\n"
     "}\n"},
    {"ad_sin_inside",
     "static inline double ad_sin_inside(double x)\n"
     "{\n"
     "    return copysign(ad_sin_inside_f64(fabs(x)), x);\n"
     "}\n"},
    {"ad_sin_value_f64",
     "static inline double ad_sin_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_sin_f64(x));\n"
     "}\n"},
    {"ad_sin_number_value",
     "static inline double ad_sin_number_value(double x)\n"
     "{\n"
     "    return fabs(x) <= 0x1.921fb54442d18p-1 ? ad_sin_inside(x) : fabs(x) <= 131072. ?\n"
     "        ad_sin_value_f64(x) : sin(x);\n"
     "}\n"},
    {"ad_cos_value_f64",
     "static inline double ad_cos_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_cos_f64(x));\n"
     "}\n"},
    {"ad_cos_number_value",
     "static inline double ad_cos_number_value(double x)\n"
     "{\n"
     "    return fabs(x) <= 0x1.921fb54442d18p-1 ? ad_cos_inside_f64(x) : fabs(x) <= 131072. ?\n"
     "        ad_cos_value_f64(x) : cos(x);\n"
     "}\n"},
    {"ad_tan_value_f64",
     "static inline double ad_tan_value_f64(double x)\n"
     "{\n"
     "    return (double)(tan(x));\n"
     "}\n"},
    {"ad_asin_value_f64",
     "static inline double ad_asin_value_f64(double x)\n"
     "{\n"
     "    return (double)(asin(x));\n"
     "}\n"},
    {"ad_acos_value_f64",
     "static inline double ad_acos_value_f64(double x)\n"
     "{\n"
     "    return (double)(acos(x));\n"
     "}\n"},
    {"ad_atan_value_f64",
     "static inline double ad_atan_value_f64(double x)\n"
     "{\n"
     "    return (double)(atan(x));\n"
     "}\n"},
    {"ad_sinh_value_f64",
     "static inline double ad_sinh_value_f64(double x)\n"
     "{\n"
     "    return (double)(sinh(x));\n"
     "}\n"},
    {"ad_cosh_value_f64",
     "static inline double ad_cosh_value_f64(double x)\n"
     "{\n"
     "    return (double)(cosh(x));\n"
     "}\n"},
    {"ad_asinh_value_f64",
     "static inline double ad_asinh_value_f64(double x)\n"
     "{\n"
     "    return (double)(asinh(x));\n"
     "}\n"},
    {"ad_acosh_value_f64",
     "static inline double ad_acosh_value_f64(double x)\n"
     "{\n"
     "    return (double)(acosh(x));\n"
     "}\n"},
    {"ad_atanh_value_f64",
     "static inline double ad_atanh_value_f64(double x)\n"
     "{\n"
     "    return (double)(atanh(x));\n"
     "}\n"},
    {"ad_relu_value_f64",
     "static inline double ad_relu_value_f64(double x)\n"
     "{\n"
     "    return (double)(x < 0 ? 0 : x);\n"
     "}\n"},
    {"ad_relu6_value_f64",
     "static inline double ad_relu6_value_f64(double x)\n"
     "{\n"
     "    return (double)(x < 0 ? 0 : x > 6 ? 6 : x);\n"
     "}\n"},
    {"ad_hard_sigmoid_value_f64",
     "static inline double ad_hard_sigmoid_value_f64(double x)\n"
     "{\n"
     "    return (double)(x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6);\n"
     "}\n"},
    {"ad_hard_tanh_value_f64",
     "static inline double ad_hard_tanh_value_f64(double x)\n"
     "{\n"
     "    return (double)(x < -1 ? -1 : x > 1 ? 1 : x);\n"
     "}\n"},
    {"ad_hard_swish_value_f64",
     "static inline double ad_hard_swish_value_f64(double x)\n"
     "{\n"
     "    return (double)(x <= -3 ? 0 : x >= 3 ? x : x * ((x + 3) / 6));\n"
     "}\n"},
    {"ad_tanh_value_f64",
     "static inline double ad_tanh_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_tanh_f64(x));\n"
     "}\n"},
    {"ad_sigmoid_value_f64",
     "static inline double ad_sigmoid_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_sigmoid_f64(x));\n"
     "}\n"},
    {"ad_log_sigmoid_value_f64",
     "static inline double ad_log_sigmoid_value_f64(double x)\n"
     "{\n"
     "    return (double)((x < 0 ? x : 0) - ad_log1p_f64(ad_exp_f64(-fabs(x))));\n"
     "}\n"},
    {"ad_softplus_value_f64",
     "static inline double ad_softplus_value_f64(double x)\n"
     "{\n"
     "    return (double)((x < 0 ? 0 : x) + ad_log1p_f64(ad_exp_f64(-fabs(x))));\n"
     "}\n"},
    {"ad_softsign_value_f64",
     "static inline double ad_softsign_value_f64(double x)\n"
     "{\n"
     "    return (double)(fabs(x) < INFINITY ? x / (1 + fabs(x)) : x != x ? x :\n"
     "        copysign((double)(1), x));\n"
     "}\n"},
    {"ad_elu_value_f64",
     "static inline double ad_elu_value_f64(double x)\n"
     "{\n"
     "    return (double)(x > 0 ? x : ad_expm1_f64(x));\n"
     "}\n"},
    {"ad_selu_value_f64",
     "static inline double ad_selu_value_f64(double x)\n"
     "{\n"
     "    return (double)(x > 0 ? (double)(1.0507009873554804934193349852946) * x :\n"
     "        (double)(1.7580993408473768599402175208123) * ad_expm1_f64(x));\n"
     "}\n"},
    {"ad_silu_value_f64",
     "static inline double ad_silu_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_shared_f64((double)(x), ad_share_silu_f64((double)(x))));\n"
     "}\n"},
    {"ad_gelu_value_f64",
     "static inline double ad_gelu_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_shared_f64((double)(x), ad_share_gelu_f64((double)(x))));\n"
     "}\n"},
    {"ad_gelu_erf_value_f64",
     "static inline double ad_gelu_erf_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_shared_f64((double)(x), ad_share_gelu_erf_f64((double)(x))));\n"
     "}\n"},
    {"ad_mish_value_f64",
     "static inline double ad_mish_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_shared_f64((double)(x), ad_share_mish_f64((double)(x))));\n"
     "}\n"},
    {"ad_log_gamma",
     "static double ad_log_gamma(double x)\n"
     "{\n"
     "    return lgamma(x);\n"
     "}\n"},
    {"ad_LARGE",
     "enum {\n"
     "    ad_LARGE = 12\n"
     "};\n"},
    {"ad_in_period",
     "static double ad_in_period(double x)\n"
     "{\n"
     "    return x - rint(x);\n"
     "}\n"},
    {"ad_digamma",
     "static double ad_digamma(double x)\n"
     "{\n"
     "    if (x < 0 && x > -(double)INFINITY) return x == rint(x) ? (double)NAN : ad_digamma(1 -\n"
     "        x) - 3.14159265358979323846 / tan(3.14159265358979323846 * ad_in_period(x));\n"
     "    double sum = 0, lost = 0;\n"
     "    for (; x < ad_LARGE && x > -1; x++) {\n"
     "        double before = sum, term = -1 / x;\n"
     "        sum += term;\n"
     "        lost += fabs(term) > fabs(before) ? before - (sum - term) : term - (sum - before);\n"
     "    }\n"
     "    double z = 1 / (x * x);\n"
     "    double tail = 1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 /\n"
     "        132 - z * (691.0 / 32760 - z / 12)))));\n"
     "    return (log(x) + sum) + (isfinite(lost) ? lost : 0) - (0.5 / x + z * tail);\n"
     "}\n"},
    {"ad_trigamma",
     "static double ad_trigamma(double x)\n"
     "{\n"
     "    if (x < 0 && x > -(double)INFINITY) {\n"
     "        double s = sin(3.14159265358979323846 * ad_in_period(x));\n"
     "        return 3.14159265358979323846 / s * (3.14159265358979323846 / s) - ad_trigamma(1 -\n"
     "            x);\n"
     "    }\n"
     "    double sum = 0;\n"
     "    for (; x < ad_LARGE && x > -1; x++) sum += 1 / x / x;\n"
     "    double z = 1 / (x * x);\n"
     "    double tail = 1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66\n"
     "        - z * (691.0 / 2730 - z * 7 / 6)))));\n"
     "    return sum + (1 + 0.5 / x + z * tail) / x;\n"
     "}\n"},
    {"ad_tetragamma",
     "static double ad_tetragamma(double x)\n"
     "{\n"
     "    if (x < 0 && x > -(double)INFINITY) {\n"
     "        double r = ad_in_period(x), s = 3.14159265358979323846 /\n"
     "            sin(3.14159265358979323846 * r);\n"
     "        double cosine = sin(3.14159265358979323846 * (0.5 - fabs(r)));\n"
     "        return ad_tetragamma(1 - x) - 2 * cosine * s * s * s;\n"
     "    }\n"
     "    double sum = 0;\n"
     "    for (; x < ad_LARGE && x > -1; x++) sum -= 2 / x / x / x;\n"
     "    double z = 1 / (x * x);\n"
     "    double tail = 1.0 / 2 - z * (1.0 / 6 - z * (1.0 / 6 - z * (3.0 / 10 - z * (5.0 / 6 - z\n"
     "        * (691.0 / 210 - z * 35 / 2)))));\n"
     "    return sum - (1 + 1 / x + z * tail) / x / x;\n"
     "}\n"},
    {"ad_bernoulli",
     "static const double ad_bernoulli[] = {1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600,\n"
     "    1.0 / 47900160, -691.0 / 1307674368000, 1.0 / 74724249600, -3617.0 /\n"
     "    10670622842880000};\n"},
    {"ad_higher_gamma",
     "static double ad_higher_gamma(int n, double x)\n"
     "{\n"
     "    double sum = 0, factorial = tgamma((double)n + 1);\n"
     "    for (; x < ad_LARGE + n; x++) sum += factorial / pow(x, n + 1);\n"
     "    double term = factorial / n * pow(x, -n), tail = term + term * n / (2 * x);\n"
     "    for (size_t k = 0; k < sizeof ad_bernoulli / sizeof *ad_bernoulli; k++) {\n"
     "        double j = 2 * (double)k;\n"
     "        term *= (n + j) * (n + j + 1) / (x * x);\n"
     "        tail += ad_bernoulli[k] * term;\n"
     "    }\n"
     "    return sum + tail;\n"
     "}\n"},
    {"ad_polygamma_value",
     "static double ad_polygamma_value(int n, double x)\n"
     "{\n"
     "    const double lowest = -4096;\n"
     "    if (n < 3) return n == 2 ? ad_tetragamma(x) : n == 1 ? ad_trigamma(x) : (double)NAN;\n"
     "    if (!(x > lowest) || x == (double)INFINITY) return x > 0 ? 0 : (double)NAN;\n"
     "    return n % 2 ? ad_higher_gamma(n, x) : -ad_higher_gamma(n, x);\n"
     "}\n"},
    {"ad_erf_value_f64",
     "static inline double ad_erf_value_f64(double x)\n"
     "{\n"
     "    return (double)(erf(x));\n"
     "}\n"},
    {"ad_erfc_value_f64",
     "static inline double ad_erfc_value_f64(double x)\n"
     "{\n"
     "    return (double)(erfc(x));\n"
     "}\n"},
    {"ad_lgamma_value_f64",
     "static inline double ad_lgamma_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_log_gamma(x));\n"
     "}\n"},
    {"ad_digamma_value_f64",
     "static inline double ad_digamma_value_f64(double x)\n"
     "{\n"
     "    return (double)(ad_digamma(x));\n"
     "}\n"},
    {"ad_log_of",
     "static double ad_log_of(double x)\n"
     "{\n"
     "    return ad_log_f64(x);\n"
     "}\n"},
    {"ad_log1p_of",
     "static double ad_log1p_of(double x)\n"
     "{\n"
     "    return ad_log1p_f64(x);\n"
     "}\n"},
    {"ad_add_value_f64",
     "static inline double ad_add_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a + b);\n"
     "}\n"},
    {"ad_sub_value_f64",
     "static inline double ad_sub_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a - b);\n"
     "}\n"},
    {"ad_maximum_value_f64",
     "static inline double ad_maximum_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(((a) >= (b) || (a) != (a)) ? a : b);\n"
     "}\n"},
    {"ad_minimum_value_f64",
     "static inline double ad_minimum_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(((a) <= (b) || (a) != (a)) ? a : b);\n"
     "}\n"},
    {"ad_fmod_value_f64",
     "static inline double ad_fmod_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(fmod(a, b));\n"
     "}\n"},
    {"ad_mul_value_f64",
     "static inline double ad_mul_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a * b);\n"
     "}\n"},
    {"ad_div_value_f64",
     "static inline double ad_div_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a / b);\n"
     "}\n"},
    {"ad_pow_value_f64",
     "static inline double ad_pow_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(pow(a, b));\n"
     "}\n"},
    {"ad_hypot_value_f64",
     "static inline double ad_hypot_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(hypot(a, b));\n"
     "}\n"},
    {"ad_atan2_value_f64",
     "static inline double ad_atan2_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(atan2(a, b));\n"
     "}\n"},
    {"ad_leaky_relu_value_f64",
     "static inline double ad_leaky_relu_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a > 0 ? a : b * a);\n"
     "}\n"},
    {"ad_celu_value_f64",
     "static inline double ad_celu_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a > 0 || fabs(a / b) < DBL_EPSILON / 4 ? a : b * ad_expm1_f64(a / b));\n"
     "}\n"},
    {"ad_xlogy_value_f64",
     "static inline double ad_xlogy_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a == 0 && b == b ? 0 : a * ad_log_of(b));\n"
     "}\n"},
    {"ad_xlog1py_value_f64",
     "static inline double ad_xlog1py_value_f64(double a, double b)\n"
     "{\n"
     "    return (double)(a == 0 && b == b ? 0 : a * ad_log1p_of(b));\n"
     "}\n"},
    {"ad_clamp_value_f64",
     "static inline double ad_clamp_value_f64(double a, double b, double c)\n"
     "{\n"
     "    return (double)(((a) >= (b) || (a) != (a)) ? (((a) <= (c) || (a) != (a)) ? a : c) :\n"
     "        (((b) <= (c) || (b) != (b)) ? b : c));\n"
     "}\n"},
    {"ad_lerp_value_f64",
     "static inline double ad_lerp_value_f64(double a, double b, double c)\n"
     "{\n"
     "    return (double)(isinf(b - a) ? (1 - c) * a + c * b : 2 * c < 1 ? a + c * (b - a) : b -\n"
     "        (1 - c) * (b - a));\n"
     "}\n"},
    {"ad_GROUP",
     "enum {\n"
     "    ad_GROUP = 64, ad_SHORT = 8\n"
     "};\n"},
    {"ad_SHORT",
     ""},
    {"ad_lost",
     "static inline double ad_lost(double a, double b, double p)\n"
     "{\n"
     "    const double split = 0x1p27 + 1;\n"
     "    double a1 = a * split - (a * split - a), a2 = a - a1;\n"
     "    double b1 = b * split - (b * split - b), b2 = b - b1;\n"
     "    double rest = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;\n"
     "    return fabs(p) > 0x1p-960 && fabs(p) < 0x1p960 ? rest / p : 0;\n"
     "}\n"},
    {"ad_lost_to_division",
     "static inline double ad_lost_to_division(double a, double p)\n"
     "{\n"
     "    double scale = fabs(a) < 1 ? 0x1p200 : 0x1p-200, missing = -ad_lost(a * scale, p /\n"
     "        scale, 1);\n"
     "    return missing == missing ? missing : 0;\n"
     "}\n"},
    {"ad_raise_f64_base",
     "static void ad_raise_f64_base(size_t count, const double *x, int64_t n, double *out)\n"
     "{\n"
     "    double base[ad_GROUP];\n"
     "    const bool odd = n & 1;\n"
     "    for (size_t i = 0; i < count; i++) {\n"
     "        base[i] = x[i];\n"
     "        out[i] = 1;\n"
     "    }\n"
     "    for (uint64_t bits = (uint64_t)(n < 0 ? -n / 2 : n); bits; bits >>= 1) {\n"
     "        for (size_t i = 0; i < count && bits & 1; i++) out[i] *= base[i];\n"
     "        for (size_t i = 0; i < count && bits > 1; i++) base[i] *= base[i];\n"
     "    }\n"
     "    for (size_t i = 0; i < count && n < 0; i++) out[i] = 1 / out[i] / (odd ? out[i] * x[i]\n"
     "        : out[i]);\n"
     "}\n"},
    {"ad_raise_far_f64_base",
     "static void ad_raise_far_f64_base(size_t count, const double *x, int64_t n, double factor,\n"
     "    double *out)\n"
     "{\n"
     "    double base[ad_GROUP], base_error[ad_GROUP] = {0}, error[ad_GROUP] = {0};\n"
     "    for (size_t i = 0; i < count; i++) {\n"
     "        base[i] = n < 0 ? 1 / x[i] : x[i];\n"
     "        base_error[i] = n < 0 ? ad_lost_to_division(x[i], base[i]) : 0;\n"
     "        out[i] = 1;\n"
     "    }\n"
     "    for (uint64_t bits = (uint64_t)(n < 0 ? -n : n); bits; bits >>= 1) {\n"
     "        for (size_t i = 0; i < count && bits & 1; i++) {\n"
     "            double p = out[i] * base[i];\n"
     "            error[i] += base_error[i] + ad_lost(out[i], base[i], p);\n"
     "            out[i] = p;\n"
     "        }\n"
     "        for (size_t i = 0; i < count && bits > 1; i++) {\n"
     "            double p = base[i] * base[i];\n"
     "            base_error[i] = 2 * base_error[i] + ad_lost(base[i], base[i], p);\n"
     "            base[i] = p;\n"
     "        }\n"
     "    }\n"
     "    for (size_t i = 0; i < count; i++) out[i] = factor * (fabs(out[i]) < (double)INFINITY\n"
     "        ? out[i] + out[i] * error[i] : out[i]);\n"
     "}\n"},
    {"ad_power_f64_base",
     "static void ad_power_f64_base(size_t from, size_t n, const void *const *in, void *to)\n"
     "{\n"
     "    double *out = to, powers[ad_GROUP];\n"
     "    const int64_t exponent = *(const int32_t *)in[0], rest = exponent - 0;\n"
     "    const double e = (double)exponent;\n"
     "    const bool far = rest > ad_SHORT || rest < -ad_SHORT;\n"
     "    const double scale = far ? 1 : (double)(1);\n"
     "    (void)e, (void)scale;\n"
     "    for (size_t at = 0, some; at < n; at += some) {\n"
     "        some = n - at < ad_GROUP ? n - at : ad_GROUP;\n"
     "        const double *x = (const double *)in[1] + from + at;\n"
     "        if (far) ad_raise_far_f64_base(some, x, rest, 1, powers);\n"
     "        else ad_raise_f64_base(some, x, rest, powers);\n"
     "        for (size_t k = 0, i = at; k < some; k++, i++) {\n"
     "            const double power = powers[k];\n"
     "            out[i] = (power);\n"
     "        }\n"
     "    }\n"
     "}\n"},
    {"ad_powi_value",
     "static double ad_powi_value(double x, int n)\n"
     "{\n"
     "    const int32_t exponent = n;\n"
     "    double y;\n"
     "    ad_power_f64_base(0, 1, (const void *[]){&exponent, &x}, &y);\n"
     "    return y;\n"
     "}\n"},
    {NULL, NULL},
};

const char *const ad_c_roots[AD_PROGRAM_OP_COUNT] = {
    [AD_PROGRAM_neg] = "ad_neg_value_f64",
    [AD_PROGRAM_add] = "ad_add_value_f64",
    [AD_PROGRAM_sub] = "ad_sub_value_f64",
    [AD_PROGRAM_mul] = "ad_mul_value_f64",
    [AD_PROGRAM_div] = "ad_div_value_f64",
    [AD_PROGRAM_reciprocal] = "ad_reciprocal_value_f64",
    [AD_PROGRAM_sqrt] = "ad_sqrt_value_f64",
    [AD_PROGRAM_abs] = "ad_abs_value_f64",
    [AD_PROGRAM_maximum] = "ad_maximum_value_f64",
    [AD_PROGRAM_minimum] = "ad_minimum_value_f64",
    [AD_PROGRAM_sign] = "ad_sign_value_f64",
    [AD_PROGRAM_ceil] = "ad_ceil_value_f64",
    [AD_PROGRAM_floor] = "ad_floor_value_f64",
    [AD_PROGRAM_round] = "ad_round_value_f64",
    [AD_PROGRAM_trunc] = "ad_trunc_value_f64",
    [AD_PROGRAM_rsqrt] = "ad_rsqrt_value_f64",
    [AD_PROGRAM_cbrt] = "ad_cbrt_value_f64",
    [AD_PROGRAM_exp] = "ad_exp_value_f64",
    [AD_PROGRAM_exp2] = "ad_exp2_value_f64",
    [AD_PROGRAM_expm1] = "ad_expm1_value_f64",
    [AD_PROGRAM_log] = "ad_log_value_f64",
    [AD_PROGRAM_log2] = "ad_log2_value_f64",
    [AD_PROGRAM_log10] = "ad_log10_value_f64",
    [AD_PROGRAM_log1p] = "ad_log1p_value_f64",
    [AD_PROGRAM_log1mexp] = "ad_log1mexp_value_f64",
    [AD_PROGRAM_sin] = "ad_sin_number_value",
    [AD_PROGRAM_cos] = "ad_cos_number_value",
    [AD_PROGRAM_tan] = "ad_tan_value_f64",
    [AD_PROGRAM_asin] = "ad_asin_value_f64",
    [AD_PROGRAM_acos] = "ad_acos_value_f64",
    [AD_PROGRAM_atan] = "ad_atan_value_f64",
    [AD_PROGRAM_sinh] = "ad_sinh_value_f64",
    [AD_PROGRAM_cosh] = "ad_cosh_value_f64",
    [AD_PROGRAM_tanh] = "ad_tanh_value_f64",
    [AD_PROGRAM_asinh] = "ad_asinh_value_f64",
    [AD_PROGRAM_acosh] = "ad_acosh_value_f64",
    [AD_PROGRAM_atanh] = "ad_atanh_value_f64",
    [AD_PROGRAM_erf] = "ad_erf_value_f64",
    [AD_PROGRAM_erfc] = "ad_erfc_value_f64",
    [AD_PROGRAM_lgamma] = "ad_lgamma_value_f64",
    [AD_PROGRAM_digamma] = "ad_digamma_value_f64",
    [AD_PROGRAM_sigmoid] = "ad_sigmoid_value_f64",
    [AD_PROGRAM_log_sigmoid] = "ad_log_sigmoid_value_f64",
    [AD_PROGRAM_softplus] = "ad_softplus_value_f64",
    [AD_PROGRAM_softsign] = "ad_softsign_value_f64",
    [AD_PROGRAM_relu] = "ad_relu_value_f64",
    [AD_PROGRAM_relu6] = "ad_relu6_value_f64",
    [AD_PROGRAM_elu] = "ad_elu_value_f64",
    [AD_PROGRAM_selu] = "ad_selu_value_f64",
    [AD_PROGRAM_silu] = "ad_silu_value_f64",
    [AD_PROGRAM_gelu] = "ad_gelu_value_f64",
    [AD_PROGRAM_gelu_erf] = "ad_gelu_erf_value_f64",
    [AD_PROGRAM_mish] = "ad_mish_value_f64",
    [AD_PROGRAM_hard_sigmoid] = "ad_hard_sigmoid_value_f64",
    [AD_PROGRAM_hard_tanh] = "ad_hard_tanh_value_f64",
    [AD_PROGRAM_hard_swish] = "ad_hard_swish_value_f64",
    [AD_PROGRAM_pow] = "ad_pow_value_f64",
    [AD_PROGRAM_xlogy] = "ad_xlogy_value_f64",
    [AD_PROGRAM_xlog1py] = "ad_xlog1py_value_f64",
    [AD_PROGRAM_hypot] = "ad_hypot_value_f64",
    [AD_PROGRAM_atan2] = "ad_atan2_value_f64",
    [AD_PROGRAM_fmod] = "ad_fmod_value_f64",
    [AD_PROGRAM_leaky_relu] = "ad_leaky_relu_value_f64",
    [AD_PROGRAM_celu] = "ad_celu_value_f64",
    [AD_PROGRAM_clamp] = "ad_clamp_value_f64",
    [AD_PROGRAM_lerp] = "ad_lerp_value_f64",
    [AD_PROGRAM_powi] = "ad_powi_value",
    [AD_PROGRAM_vanishing] = "ad_times_f64",
    [AD_PROGRAM_gauss] = "ad_gauss_f64",
    [AD_PROGRAM_polygamma] = "ad_polygamma_value",
};
/* clang-format on */
