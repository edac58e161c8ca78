// Small operations, the lesson's network and numbers one by one in ADOL-C: a tape of scalar
// operations, recorded anew each time as adze's is, in f64.
#include "measuring.hpp"
#include "numbers.hpp"

#include <adolc/adolc.h>

static const short TAG = 0;

static double chain_gradient(int ops)
{
    const double value[3] = {0.5, 1, 1e-6};
    double y, u = 1, gradient[3];
    trace_on(TAG, 1);
    adouble x, a, b, result;
    x <<= value[0];
    a <<= value[1];
    b <<= value[2];
    result = measuring::chain(x, a, b, ops);
    result >>= y;
    trace_off();
    reverse(TAG, 1, 3, 0, &u, gradient);
    return gradient[0];
}

class Step
{
  public:
    Step() : p(measuring::initial_parameters()), gradient(p.size()), x(measuring::inputs, 0.5)
    {
    }

    void run()
    {
        double y, u = 1;
        trace_on(TAG, 1);
        {
            std::vector<adouble> w(p.size());
            for (std::size_t i = 0; i < p.size(); i++)
                w[i] <<= p[i];
            adouble loss = measuring::loss_of(w.data(), x.data(), 3.0);
            loss >>= y;
        }
        trace_off();
        reverse(TAG, 1, measuring::parameters, 0, &u, gradient.data());
        for (std::size_t i = 0; i < p.size(); i++)
            p[i] -= measuring::rate * gradient[i];
    }

  private:
    std::vector<double> p, gradient, x;
};

// ---- numbers one by one ----------------------------------------------------------------

// With buffers so large that no tape goes to a file.
static void begin()
{
    const unsigned room = 1u << 26;
    trace_on(TAG, 1, room, room, room, room);
}

// Records f of n numbers, which has m results, and returns nothing but the tape.
template <typename F> static void record(std::size_t n, const double *at, std::size_t m, const F &f)
{
    double value;
    begin();
    {
        std::vector<adouble> x(n), y(m);
        for (std::size_t i = 0; i < n; i++)
            x[i] <<= at[i];
        f(x.data(), y.data());
        for (adouble &each : y)
            each >>= value;
    }
    trace_off();
}

template <typename F>
static void gradient_of(const F &f, std::size_t n, const double *at, double *gradient)
{
    double u = 1;
    record(n, at, 1, [&](adouble *x, adouble *y) { y[0] = f(x); });
    reverse(TAG, 1, static_cast<int>(n), 0, &u, gradient);
}

// Rows of a matrix, as ADOL-C wants them.
class Rows
{
  public:
    Rows(std::size_t rows, std::size_t columns) : numbers(rows * columns)
    {
        for (std::size_t i = 0; i < rows; i++)
            row.push_back(&numbers[i * columns]);
    }

    double **get()
    {
        return row.data();
    }

  private:
    std::vector<double> numbers;
    std::vector<double *> row;
};

static void dag_gradient(const numbers::Dag &dag, double *gradient)
{
    double y, u = 1;
    begin();
    {
        std::vector<adouble> x(DAG_NUMBERS);
        for (std::size_t i = 0; i < DAG_INPUTS; i++)
            x[i] <<= dag.value[i];
        dag.sum(x.data()) >>= y;
    }
    trace_off();
    reverse(TAG, 1, DAG_INPUTS, 0, &u, gradient);
}

static void bundle_jacobian(const numbers::Bundle &b, Rows &rows, Rows &weights)
{
    for (std::size_t i = 0; i < BA_SEEN; i++) {
        double in[BA_INPUTS];
        b.inputs_of(i, in);
        record(BA_INPUTS, in, BA_ERRORS, [&](adouble *x, adouble *y) { b.errors(i, x, y); });
        fov_reverse(TAG, BA_ERRORS, BA_INPUTS, BA_ERRORS, weights.get(), rows.get());
    }
}

static void measure_lotka(measuring::Peer &peer)
{
    numbers::Lotka lotka;
    double g[LV_PARAMETERS], y;
    Rows unit(LV_PARAMETERS, LV_PARAMETERS), result(LV_PARAMETERS, LV_PARAMETERS);
    for (int i = 0; i < LV_PARAMETERS; i++)
        unit.get()[i][i] = 1;
    auto loss = [&](adouble *p) { return lotka.loss(p); };
    auto both = [&](adouble *p, adouble *l) { *l = lotka.loss(p); };
    peer.measure("lotka_volterra", 1, [&] { gradient_of(loss, LV_PARAMETERS, lv_parameters, g); });
    record(LV_PARAMETERS, lv_parameters, 1, both);
    peer.measure("lotka_volterra_forward6", 1, [&] {
        fov_forward(TAG, 1, LV_PARAMETERS, LV_PARAMETERS, lv_parameters, unit.get(), &y,
                    result.get());
    });
    peer.measure("lotka_volterra_hessian", 1, [&] {
        record(LV_PARAMETERS, lv_parameters, 1, both);
        hessian(TAG, LV_PARAMETERS, const_cast<double *>(lv_parameters), result.get());
    });
}

static void measure_numbers(measuring::Peer &peer)
{
    std::vector<double> g(GMM_PARAMETERS);
    for (const auto &c : numbers::chains())
        peer.measure(c.name, c.ops, [&] {
            gradient_of([&](adouble *x) { return numbers::chain(c, x); }, CHAIN_INPUTS,
                        chain_inputs, g.data());
        });
    measure_lotka(peer);
    numbers::Gmm gmm;
    peer.measure("gmm_1k_d10_k25", 1, [&] {
        gradient_of([&](adouble *p) { return gmm.likelihood(p); }, GMM_PARAMETERS, gmm.p.data(),
                    g.data());
    });
    numbers::Lstm lstm;
    peer.measure("lstm_l2_c1024", 1, [&] {
        gradient_of([&](adouble *p) { return lstm.loss(p); }, LSTM_PARAMETERS, lstm.p.data(),
                    g.data());
    });
    numbers::Bundle bundle;
    Rows block(BA_ERRORS, BA_INPUTS), each(BA_ERRORS, BA_ERRORS);
    for (int j = 0; j < BA_ERRORS; j++)
        each.get()[j][j] = 1;
    peer.measure("ba1", 1, [&] { bundle_jacobian(bundle, block, each); });
    numbers::Hand hand;
    Rows jacobian_of_hand(numbers::Hand::count, HAND_PARAMETERS);
    const double *at = hand.model[0].parameters;
    peer.measure("hand_simple", 1, [&] {
        record(HAND_PARAMETERS, at, numbers::Hand::count,
               [&](adouble *x, adouble *y) { hand.errors(x, y); });
        jacobian(TAG, numbers::Hand::count, HAND_PARAMETERS, at, jacobian_of_hand.get());
    });
    // The last: ADOL-C's sweeps pay for as many numbers as ever lived at once.
    numbers::Dag dag;
    peer.measure("number_dag_1e6", DAG_NUMBERS, [&] { dag_gradient(dag, g.data()); });
}

int main(int argc, char **argv)
{
    measuring::Peer peer("adolc", argc, argv);
    for (const auto &c : measuring::chains())
        peer.measure(c.name, c.ops, [&c] { chain_gradient(c.ops); });
    measure_numbers(peer);
    Step step;
    peer.measure("step_b1", 1, [&step] { step.run(); });
    peer.tell();
}
