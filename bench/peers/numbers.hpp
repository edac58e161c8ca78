// The problems of numbers one by one (../problems.h), once for all peers: templates over the type
// of the numbers. What is constant is double.
#ifndef BENCH_PEERS_NUMBERS_HPP
#define BENCH_PEERS_NUMBERS_HPP

#include "../problems.h"

#include <array>
#include <cmath>
#include <vector>

namespace numbers
{

// ---- chains and a random graph ---------------------------------------------------------

struct Chain {
    const char *name;
    chain_op op;
    int ops;
};

inline const std::vector<Chain> &chains()
{
    static const std::vector<Chain> all = {
        {"number_mul_1e4", CHAIN_MUL, 10000},       {"number_add_1e4", CHAIN_ADD, 10000},
        {"number_muladd_1e4", CHAIN_MULADD, 10000}, {"number_sin_1e4", CHAIN_SIN, 10000},
        {"number_mul_1e3", CHAIN_MUL, 1000},        {"number_mul_1e5", CHAIN_MUL, 100000},
        {"number_mul_1e6", CHAIN_MUL, 1000000},     {"number_mul_1e7", CHAIN_MUL, 10000000}};
    return all;
}

// in: x, a, b.
template <typename T> T chain(const Chain &c, const T *in)
{
    using std::sin;
    const T &a = in[1], &b = in[2];
    T y = in[0];
    for (int i = 0; i < c.ops; i++)
        switch (c.op) {
        case CHAIN_MUL:
            y = y * a;
            break;
        case CHAIN_ADD:
            y = y + a;
            break;
        case CHAIN_MULADD:
            y = y * a + b;
            break;
        default:
            y = sin(y);
        }
    return y;
}

struct Dag {
    std::vector<dag_node> node{DAG_NUMBERS};
    std::vector<double> value = std::vector<double>(DAG_NUMBERS);

    Dag()
    {
        std::vector<std::uint8_t> used(DAG_NUMBERS);
        dag_fill(DAG_NUMBERS, node.data(), value.data(), used.data());
    }

    // x: DAG_INPUTS numbers first, then room for all others.
    template <typename T> T sum(T *x) const
    {
        using std::sin;
        for (std::size_t i = DAG_INPUTS; i < node.size(); i++) {
            const T &a = x[node[i].a], &b = x[node[i].b];
            switch (node[i].op) {
            case DAG_ADD:
                x[i] = a + b;
                break;
            case DAG_MUL:
                x[i] = a * b;
                break;
            case DAG_SUB:
                x[i] = a - b;
                break;
            default:
                x[i] = sin(a);
            }
        }
        T y = x[node.size() - DAG_NEAR];
        for (std::size_t i = node.size() - DAG_NEAR + 1; i < node.size(); i++)
            y = y + x[i];
        return y;
    }
};

// ---- Lotka and Volterra ----------------------------------------------------------------

struct Lotka {
    double seen[LV_SEEN][2];

    Lotka()
    {
        lv_fill(seen);
    }

    template <typename T> T loss(const T *p) const
    {
        T u[2] = {p[4], p[5]}, loss = 0.0;
        for (int i = 1; i <= LV_STEPS; i++) {
            step(p, u);
            for (int j = 0; j < 2 && i % LV_EVERY == 0; j++) {
                T off = u[j] - seen[i / LV_EVERY - 1][j];
                loss = loss + off * off;
            }
        }
        return loss;
    }

  private:
    template <typename T> static void rates(const T *p, const T u[2], T rate[2])
    {
        T met = u[0] * u[1];
        rate[0] = p[0] * u[0] - p[1] * met;
        rate[1] = p[2] * met - p[3] * u[1];
    }

    template <typename T> static void step(const T *p, T u[2])
    {
        T k[4][2], v[2];
        rates(p, u, k[0]);
        for (int j = 1; j < 4; j++) {
            for (int i = 0; i < 2; i++)
                v[i] = u[i] + k[j - 1][i] * (j < 3 ? LV_STEP / 2 : LV_STEP);
            rates(p, v, k[j]);
        }
        for (int i = 0; i < 2; i++)
            u[i] = u[i] + (k[0][i] + k[3][i] + (k[1][i] + k[2][i]) * 2.0) * (LV_STEP / 6);
    }
};

// ---- a mixture of Gaussians ------------------------------------------------------------

// A peer that replays a record has one without a branch for its numbers.
template <typename T> T greater_of(const T &a, const T &b)
{
    return b > a ? b : a;
}

template <typename T> T logsumexp(int n, const T *x)
{
    using std::exp;
    using std::log;
    T most = x[0], sum = 0.0;
    for (int i = 1; i < n; i++)
        most = greater_of(most, x[i]);
    for (int i = 0; i < n; i++)
        sum = sum + exp(x[i] - most);
    return log(sum) + most;
}

struct Gmm {
    std::vector<double> p = std::vector<double>(GMM_PARAMETERS);
    std::vector<double> x = std::vector<double>(GMM_POINTS * GMM_D);

    Gmm()
    {
        gmm_fill(GMM_POINTS, p.data(), x.data());
    }

    template <typename T> T likelihood(const T *parameter) const
    {
        T sum = gmm_constant(GMM_POINTS) - GMM_POINTS * logsumexp(GMM_K, parameter);
        const T *factor = parameter + GMM_K * (1 + GMM_D);
        Prepared<T> q(parameter);
        for (int k = 0; k < GMM_K; k++) {
            const T *f = factor + k * GMM_FACTOR;
            T size = 0.0;
            for (int i = 0; i < GMM_D; i++) {
                const T &e = q.diagonal[k * GMM_D + i];
                size = size + e * e;
            }
            for (int i = GMM_D; i < GMM_FACTOR; i++)
                size = size + f[i] * f[i];
            sum = sum + 0.5 * GMM_GAMMA * GMM_GAMMA * size - GMM_M * q.logs[k];
        }
        for (int n = 0; n < GMM_POINTS; n++)
            sum = sum + of_point(parameter, q, &x[n * GMM_D]);
        return sum;
    }

    // What the likelihood has of one point, whose numbers may be inputs, too.
    template <typename T, typename X> static T point(const T *parameter, const X *x)
    {
        return of_point(parameter, Prepared<T>(parameter), x);
    }

  private:
    // What all points share.
    template <typename T> struct Prepared {
        std::vector<T> weight = std::vector<T>(GMM_K), logs = std::vector<T>(GMM_K),
                       diagonal = std::vector<T>(GMM_K * GMM_D);

        explicit Prepared(const T *parameter)
        {
            using std::exp;
            for (int k = 0; k < GMM_K; k++) {
                const T *f = parameter + GMM_K * (1 + GMM_D) + k * GMM_FACTOR;
                logs[k] = 0.0;
                for (int i = 0; i < GMM_D; i++) {
                    diagonal[k * GMM_D + i] = exp(f[i]);
                    logs[k] = logs[k] + f[i];
                }
                weight[k] = parameter[k] + logs[k];
            }
        }
    };

    template <typename T, typename X>
    static T of_point(const T *parameter, const Prepared<T> &q, const X *x)
    {
        const T *mean = parameter + GMM_K, *below = mean + GMM_K * GMM_D + GMM_D;
        std::vector<T> term(GMM_K);
        for (int k = 0; k < GMM_K; k++, mean += GMM_D, below += GMM_FACTOR)
            term[k] = q.weight[k] - 0.5 * form(x, mean, &q.diagonal[k * GMM_D], below);
        return logsumexp(GMM_K, term.data());
    }

    template <typename T, typename X>
    static T form(const X *x, const T *mean, const T *diagonal, const T *below)
    {
        T centred[GMM_D], sum = 0.0;
        for (int i = 0; i < GMM_D; i++)
            centred[i] = x[i] - mean[i];
        for (int i = 0; i < GMM_D; below += i++) {
            T turned = diagonal[i] * centred[i];
            for (int j = 0; j < i; j++)
                turned = turned + below[j] * centred[j];
            sum = sum + turned * turned;
        }
        return sum;
    }
};

// ---- bundle adjustment -----------------------------------------------------------------

struct Bundle {
    std::vector<double> camera = std::vector<double>(BA_CAMERAS * BA_CAMERA);
    std::vector<double> point = std::vector<double>(3 * BA_POINTS);
    std::vector<double> weight = std::vector<double>(BA_SEEN);
    std::vector<ba_seen> seen = std::vector<ba_seen>(BA_SEEN);

    Bundle()
    {
        ba_fill(BA_CAMERAS, camera.data(), BA_POINTS, point.data(), BA_SEEN, seen.data(),
                weight.data());
    }

    void inputs_of(std::size_t i, double *in) const
    {
        const double *c = &camera[seen[i].camera * BA_CAMERA], *x = &point[3 * seen[i].point];
        std::copy(c, c + BA_CAMERA, in);
        std::copy(x, x + 3, in + BA_CAMERA);
        in[BA_INPUTS - 1] = weight[i];
    }

    void residual_inputs(std::size_t i, double *in) const
    {
        inputs_of(i, in);
        std::copy(seen[i].at, seen[i].at + 2, in + BA_INPUTS);
    }

    template <typename T> void errors(std::size_t i, const T *in, T error[BA_ERRORS]) const
    {
        const T &weight = in[BA_INPUTS - 1];
        residual(in, seen[i].at, error);
        error[2] = 1.0 - weight * weight;
    }

    // The first two errors. Where the point was seen may be inputs, too.
    template <typename T, typename At>
    static void residual(const T *in, const At *at, T error[BA_RESIDUALS])
    {
        const T *middle = in + 7, *point = in + BA_CAMERA, &weight = in[BA_INPUTS - 1];
        T from[3], to[3];
        for (int j = 0; j < 3; j++)
            from[j] = point[j] - in[3 + j];
        rotate(in, from, to);
        T u = to[0] / to[2], v = to[1] / to[2], square = u * u + v * v;
        T scale = in[6] * (1.0 + (in[9] + in[10] * square) * square);
        error[0] = weight * (u * scale + middle[0] - at[0]);
        error[1] = weight * (v * scale + middle[1] - at[1]);
    }

  private:
    template <typename T> static void rotate(const T *r, const T *x, T *y)
    {
        using std::cos;
        using std::sin;
        using std::sqrt;
        T angle = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), c = cos(angle), s = sin(angle);
        T axis[3] = {r[0] / angle, r[1] / angle, r[2] / angle};
        T along = (axis[0] * x[0] + axis[1] * x[1] + axis[2] * x[2]) * (1.0 - c);
        for (int i = 0; i < 3; i++) {
            int j = (i + 1) % 3, k = (i + 2) % 3;
            y[i] = x[i] * c + (axis[j] * x[k] - axis[k] * x[j]) * s + axis[i] * along;
        }
    }
};

// ---- a boundary value problem ----------------------------------------------------------

struct Pde {
    std::vector<double> u = std::vector<double>(PDE_POINTS);

    Pde()
    {
        pde_fill(PDE_POINTS, u.data());
    }

    template <typename T> static void residual(const T *u, T *r)
    {
        using std::exp;
        const double diffusion = pde_diffusion(PDE_POINTS), transport = pde_transport(PDE_POINTS);
        for (int i = 0; i < PDE_POINTS; i++) {
            T left = i > 0 ? u[i - 1] : T(0.0), right = i + 1 < PDE_POINTS ? u[i + 1] : T(0.0);
            r[i] = (left + right - 2.0 * u[i]) * diffusion - u[i] * (right - left) * transport +
                   exp(u[i]) * PDE_SOURCE;
        }
    }

    template <typename T> static void energy(const T *u, T *y)
    {
        using std::exp;
        const double stiffness = pde_stiffness(PDE_POINTS), load = pde_load(PDE_POINTS);
        T sum = u[PDE_POINTS - 1] * u[PDE_POINTS - 1] * stiffness, last = 0.0;
        for (int i = 0; i < PDE_POINTS; i++) {
            T step = u[i] - last;
            sum = sum + (step * step * stiffness - exp(u[i]) * load);
            last = u[i];
        }
        *y = sum;
    }
};

// ---- a long short-term memory ----------------------------------------------------------

struct Lstm {
    std::vector<double> p = std::vector<double>(LSTM_PARAMETERS);
    std::vector<double> first = std::vector<double>(LSTM_STATE);
    std::vector<double> bits = std::vector<double>(LSTM_CHARACTERS * LSTM_BITS);

    Lstm()
    {
        lstm_fill(LSTM_CHARACTERS, p.data(), first.data(), bits.data());
    }

    template <typename T> T loss(const T *parameter) const
    {
        std::vector<T> state(first.begin(), first.end());
        T sum = 0.0;
        for (int t = 0; t + 1 < LSTM_CHARACTERS; t++)
            sum = sum + foretell(parameter, state.data(), &bits[t * LSTM_BITS],
                                 &bits[(t + 1) * LSTM_BITS]);
        return sum / (-(LSTM_CHARACTERS - 1.0) * LSTM_BITS);
    }

  private:
    template <typename T> static T sigmoid(const T &x)
    {
        using std::exp;
        return 1.0 / (1.0 + exp(-x));
    }

    template <typename T> static T gate(const T *layer, int which, int i, const T &x)
    {
        const T *weight = layer + which * LSTM_BITS, *bias = weight + LSTM_GATES * LSTM_BITS;
        return x * weight[i] + bias[i];
    }

    template <typename T> static void run_layer(const T *layer, T *hidden, T *x)
    {
        using std::tanh;
        T *cell = hidden + LSTM_BITS;
        for (int i = 0; i < LSTM_BITS; i++) {
            T forget = sigmoid(gate(layer, LSTM_FORGET, i, x[i]));
            T in = sigmoid(gate(layer, LSTM_IN, i, hidden[i]));
            T out = sigmoid(gate(layer, LSTM_OUT, i, x[i]));
            T change = tanh(gate(layer, LSTM_CHANGE, i, hidden[i]));
            cell[i] = cell[i] * forget + in * change;
            hidden[i] = out * tanh(cell[i]);
            x[i] = hidden[i];
        }
    }

    template <typename T>
    static T foretell(const T *p, T *state, const double *now, const double *next)
    {
        using std::exp;
        using std::log;
        const T *in = p + LSTM_MAIN, *out = in + LSTM_BITS, *bias = out + LSTM_BITS;
        T x[LSTM_BITS], sum = 2.0, gold = 0.0;
        double ones = 0;
        for (int i = 0; i < LSTM_BITS; i++)
            x[i] = in[i] * now[i];
        for (int l = 0; l < LSTM_LAYERS; l++)
            run_layer(p + l * LSTM_LAYER, state + l * 2 * LSTM_BITS, x);
        for (int i = 0; i < LSTM_BITS; i++) {
            T y = x[i] * out[i] + bias[i];
            sum = sum + exp(y);
            gold = gold + next[i] * y;
            ones += next[i];
        }
        return gold - ones * log(sum);
    }
};

// ---- a hand ----------------------------------------------------------------------------

struct Hand {
    std::vector<hand_model> model = std::vector<hand_model>(1);
    static constexpr int count = 3 * HAND_SEEN;

    Hand()
    {
        hand_fill(HAND_VERTICES, HAND_SEEN, &model[0]);
    }

    template <typename T> void errors(const T *p, T *error) const
    {
        const hand_model &h = model[0];
        std::vector<Matrix<T>> moves(HAND_BONES);
        std::vector<std::array<T, 3>> place(HAND_VERTICES);
        T m[3][3];
        move_bones(h, p, moves);
        rotation(p, m);
        for (int v = 0; v < HAND_VERTICES; v++) {
            T x[3];
            skin(h, moves, v, x);
            for (int i = 0; i < 3; i++)
                place[v][i] = m[i][0] * x[0] + m[i][1] * x[1] + m[i][2] * x[2] + p[3 + i];
        }
        for (int k = 0; k < HAND_SEEN; k++)
            for (int i = 0; i < 3; i++)
                error[3 * k + i] = h.at[k][i] - place[h.which[k]][i];
    }

  private:
    template <typename T> struct Matrix {
        T at[3][4];
    };

    template <typename T, typename A, typename B>
    static void multiply(const A &a, const B &b, Matrix<T> &c)
    {
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 4; j++) {
                c.at[i][j] =
                    a.at[i][0] * b.at[0][j] + a.at[i][1] * b.at[1][j] + a.at[i][2] * b.at[2][j];
                if (j == 3)
                    c.at[i][j] = c.at[i][j] + a.at[i][3];
            }
    }

    template <typename T> static T angle(const T *p, int bone, int which)
    {
        int i = hand_angle(bone, which);
        return i < 0 ? T(0.0) : p[i];
    }

    template <typename T> static void turn(const T &bent, const T &spread, Matrix<T> &r)
    {
        using std::cos;
        using std::sin;
        T s = sin(bent), c = cos(bent), t = sin(spread), d = cos(spread);
        T rows[3][3] = {{d, -t * c, t * s}, {t, d * c, -d * s}, {T(0.0), s, c}};
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++)
                r.at[i][j] = rows[i][j];
            r.at[i][3] = 0.0;
        }
    }

    template <typename T>
    static void move_bones(const hand_model &h, const T *p, std::vector<Matrix<T>> &moves)
    {
        std::vector<Matrix<T>> absolute(HAND_BONES);
        for (int b = 0; b < HAND_BONES; b++) {
            Matrix<T> r, relative;
            turn(angle(p, b, 0), angle(p, b, 1), r);
            multiply(h.relative[b], r, relative);
            if (h.parent[b] < 0)
                absolute[b] = relative;
            else
                multiply(absolute[h.parent[b]], relative, absolute[b]);
            multiply(absolute[b], h.inverse[b], moves[b]);
        }
    }

    template <typename T> static void rotation(const T *r, T m[3][3])
    {
        using std::cos;
        using std::sin;
        using std::sqrt;
        T size = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]), s = sin(size), c = cos(size);
        T axis[3] = {r[0] / size, r[1] / size, r[2] / size}, rest = 1.0 - c;
        for (int i = 0; i < 3; i++) {
            int j = (i + 1) % 3, k = (i + 2) % 3;
            T both = axis[i] * axis[j] * rest, side = axis[k] * s;
            m[i][i] = axis[i] * axis[i] * rest + c;
            m[i][j] = both - side;
            m[j][i] = both + side;
        }
    }

    template <typename T>
    static void skin(const hand_model &h, const std::vector<Matrix<T>> &moves, int v, T x[3])
    {
        const double *rest = h.vertex[v];
        for (int i = 0; i < 3; i++) {
            x[i] = 0.0;
            for (int b = 0; b < HAND_BONES; b++) {
                const T *m = moves[b].at[i];
                x[i] = x[i] +
                       h.weight[v][b] * (m[0] * rest[0] + m[1] * rest[1] + m[2] * rest[2] + m[3]);
            }
        }
    }
};

} // namespace numbers

#endif
