"""scikit-learn callbacks for the tests."""


class EndOfTaskCallback:
    """A callback that only listens to the ends of tasks, at any depth: a subclass has `on_fit_task_end`."""

    max_propagation_depth = None

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass
