#pragma once

/// Names without definitions, for the headers of applications that only mention gtlabel's types.
namespace gtlabel {

// core
class Error;
class Executor;
class RandomStream;
class SerialExecutor;
class ThreadPool;

// dataset
struct Answer;
class AnswerTable;
class Features;
struct LabelSet;
class VoteTable;

// metrics
struct Agreement;
struct AgreementOptions;
struct Interval;
struct WorkerAgreement;

// consolidation
struct Consolidation;
struct ConsolidationOptions;
struct GroundTruthConsolidation;

// models
class Committee;
class ConfidenceCalibration;
class FixedProbabilities;
class ForestModel;
class GraphModel;
class IncrementalModel;
class KernelModel;
class NeighborGraph;
class SoftmaxRegression;
class TrainingSet;

// routing
class AuditLedger;
struct Certificate;
struct CommitPlan;
struct ConfidenceThreshold;
class ConfidenceRouter;
struct ErrorTarget;
struct Routing;

// storage
class SnapshotReader;
class SnapshotWriter;

// jobs
struct Batch;
struct JobReport;
class LabelingJob;
struct LabelingJobOptions;
struct Submission;

}  // namespace gtlabel
