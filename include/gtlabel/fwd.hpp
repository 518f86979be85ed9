#pragma once

/// Names without definitions, for the headers of applications that only mention gtlabel's types.
namespace gtlabel {

// core
class ArchiveError;
template <class T>
struct CsrView;
class Error;
class Executor;
class FormatError;
class InvalidArgument;
class InvalidState;
class InvalidType;
template <class T>
struct Matrix;
template <class T>
struct MatrixView;
class ModelError;
class NotFitted;
class RandomStream;
class SerialExecutor;
class ThreadPool;
class UnknownClass;

// dataset
struct Answer;
class AnswerTable;
class Features;
template <class Id>
struct IdCodes;
struct LabelSet;
struct Vote;
class VoteTable;

// metrics
struct Agreement;
struct AgreementOptions;
struct Interval;
struct WorkerAgreement;

// formats
struct BoxLabel;
struct ClassLabel;
struct Cuboid;
struct CuboidLabel;
struct CustomLabel;
struct LintRule;
class Manifest;
struct ManifestBox;
struct ManifestClass;
struct ManifestFinding;
struct ManifestLabel;
struct ManifestLabelColumns;
struct ManifestLabelText;
class ManifestLine;
struct ManifestLint;
class ManifestReader;
class ManifestWriter;
struct MaskClass;
struct MaskLabel;
struct MultiClassLabel;
struct SequenceLabel;
struct SpanLabel;
struct TextColumn;
struct TextSpan;

// consolidation
struct BoxConsolidation;
struct BoxConsolidationOptions;
struct Consolidation;
struct ConsolidationOptions;
struct GroundTruthConsolidation;
struct LabelSetAnswers;
struct MarkColumns;
struct MaskConsolidation;
struct MaskConsolidationOptions;
struct MultiLabelConsolidation;
struct SpanConsolidation;
struct SpanConsolidationOptions;

// models
struct ColumnScaling;
class Committee;
class ConfidenceCalibration;
class FixedProbabilities;
class ForestModel;
struct ForestModelOptions;
class GraphModel;
struct GraphModelOptions;
class IncrementalModel;
class KernelModel;
class LatentModel;
class NeighborGraph;
struct NeighborGraphOptions;
class SoftmaxRegression;
struct SoftmaxRegressionOptions;
class TrainingSet;

// routing
struct AuditFallback;
class AuditLedger;
class AuditLedgers;
class AuditPrior;
struct AuditState;
struct Certificate;
struct ClassCertificate;
struct CommitPlan;
class ConfidenceRouter;
struct ConfidenceThreshold;
struct ErrorTarget;
class ExactAudit;
struct ExactAuditDesign;
struct ExactAuditForecast;
struct ExactAuditProgress;
struct ClaimProgress;
struct Routing;
struct TruthBound;

// workforce
struct Budget;
struct GoldLabel;
struct Overlap;
struct Price;
struct SimulatedWorker;
class SimulatedWorkforce;

// storage
struct ItemEvent;
class SnapshotReader;
class SnapshotWriter;
struct StoreSummary;

// jobs
struct Batch;
struct ClassRecord;
struct GoldRecord;
struct JobReport;
class LabelingJob;
struct LabelingJobOptions;
struct LabelingPlan;
struct Predictions;
struct QueryRecord;
struct RoundRecord;
struct Spending;
struct Submission;
struct WorkerRecord;

}  // namespace gtlabel
