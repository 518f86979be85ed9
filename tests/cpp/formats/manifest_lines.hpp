#pragma once

namespace gtlabel_test {

/// One sound line of every task type, in the form that Ground Truth writes; the last is a sequence file.
inline constexpr const char* kManifestLines[] = {
    // image
    R"({"source-ref":"s3://acme/barn/1.jpg","camera":"north","animal":1,"animal-metadata":{"class-name":"goat",")"
    R"(confidence":0.93,"type":"groundtruth/image-classification","job-name":"labeling-job/animal","human-annota)"
    R"(ted":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // text
    R"({"source":"The parcel arrived late.","ticket":4411,"mood":0,"mood-metadata":{"class-name":"bad","confiden)"
    R"(ce":0.95,"type":"groundtruth/text-classification","job-name":"labeling-job/mood","human-annotated":"yes",)"
    R"("creation-date":"2024-03-05T10:11:12.131415"}})",
    // clip
    R"({"source-ref":"s3://acme/clips/1.mp4","scene":0,"scene-metadata":{"class-name":"street","confidence":0.9,)"
    R"("type":"groundtruth/video-classification","job-name":"labeling-job/scene","human-annotated":"yes","creati)"
    R"(on-date":"2024-03-05T10:11:12.131415"}})",
    // multi
    R"({"source":"Late and damaged.","topics":[0,3],"topics-metadata":{"class-map":{"0":"delay","3":"damage"},"c)"
    R"(onfidence-map":{"0":0.95,"3":0.68},"type":"groundtruth/text-classification-multilabel","job-name":"labeli)"
    R"(ng-job/topics","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // boxes
    R"({"source-ref":"s3://acme/barn/9.jpg","boxes":{"image_size":[{"width":640,"height":480,"depth":3}],"annota)"
    R"(tions":[{"class_id":0,"left":12,"top":40,"width":100,"height":90},{"class_id":4,"left":300,"top":222,"wid)"
    R"(th":33,"height":51}]},"boxes-metadata":{"objects":[{"confidence":0.87},{"confidence":0.62}],"class-map":{)"
    R"("0":"goat","4":"bucket"},"type":"groundtruth/object-detection","job-name":"labeling-job/boxes","human-ann)"
    R"(otated":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // verification
    R"({"source-ref":"s3://acme/barn/9.jpg","check":"1","check-metadata":{"class-name":"wrong","confidence":0.86)"
    R"(,"type":"groundtruth/label-verification","job-name":"labeling-job/check","human-annotated":"yes","creatio)"
    R"(n-date":"2024-03-05T10:11:12.131415","worker-feedback":[{"comment":"Box is loose."}]}})",
    // mask
    R"({"source-ref":"s3://acme/yard/100.png","yard-ref":"s3://acme/out/0.png","yard-ref-metadata":{"internal-co)"
    R"(lor-map":{"0":{"class-name":"BACKGROUND","hex-color":"#ffffff","confidence":0.88},"1":{"class-name":"path)"
    R"(","hex-color":"#2ca02c","confidence":0.88}},"type":"groundtruth/semantic-segmentation","job-name":"labeli)"
    R"(ng-job/yard","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // spans
    R"({"source":"Ada met Bo in Oslo.","ner":{"annotations":{"labels":[{"label":"person","shortDisplayName":"per)"
    R"("},{"label":"place","shortDisplayName":"plc"}],"entities":[{"label":"person","startOffset":0,"endOffset":)"
    R"(3},{"label":"place","startOffset":14,"endOffset":18}]}},"ner-metadata":{"entities":[{"confidence":0.9},{")"
    R"(confidence":0.7}],"type":"groundtruth/text-span","job-name":"labeling-job/ner","human-annotated":"yes","c)"
    R"(reation-date":"2024-03-05T10:11:12.131415"}})",
    // video
    R"({"source-ref":"s3://acme/dock/seq3.json","dock-ref":"s3://acme/out/0/SeqLabel.json","dock-ref-metadata":{)"
    R"("class-map":{"0":"forklift"},"type":"groundtruth/video-object-tracking","job-name":"labeling-job/dock","h)"
    R"(uman-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // cuboids
    R"({"source-ref":"s3://acme/lidar/1.bin","source-ref-metadata":{"format":"binary/xyzi","unix-timestamp":1700)"
    R"(000001.5,"ego-vehicle-pose":{"position":{"x":1,"y":2,"z":3},"heading":{"qx":0,"qy":0,"qz":0,"qw":1}},"ima)"
    R"(ges":[{"image-path":"a.jpg","unix-timestamp":1700000001.5,"fx":1,"fy":1,"cx":1,"cy":1}]},"cubes":{"annota)"
    R"(tions":[{"label-category-attributes":{"Type":"van"},"object-name":"Car:1","class-id":0,"center-x":-2.5,"c)"
    R"(enter-y":12,"center-z":0.4,"length":4.1,"width":1.9,"height":1.6,"roll":0,"pitch":0,"yaw":1.57}]},"cubes-)"
    R"(metadata":{"objects":[],"class_map":{"0":"Car"},"type":"groundtruth/point_cloud_object_detection","job-na)"
    R"(me":"cubes-job","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415","dataset-object-attr)"
    R"(ibutes":{"weather":"dry"}}})",
    // tracks
    R"({"source-ref":"s3://acme/lidar/seq1.json","track-ref":"s3://acme/out/0/SeqLabel.json","track-ref-metadata)"
    R"(":{"objects":[{"frame-no":0,"confidence":[]}],"class-map":{"0":"Car"},"type":"groundtruth/point_cloud_obj)"
    R"(ect_tracking","job-name":"track-job","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415")"
    R"(}})",
    // points
    R"({"source-ref":"s3://acme/lidar/1.bin","pts-ref":"s3://acme/out/0/labels.zlib","pts-ref-metadata":{"color-)"
    R"(map":{"0":{"class-name":"Background","hex-color":"#ffffff","confidence":0.0},"1":{"class-name":"Car","hex)"
    R"(-color":"#2ca02c","confidence":0.0}},"type":"groundtruth/point_cloud_single_frame_semantic_segmentation",)"
    R"("job-name":"pts-job","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // custom
    R"({"source":"Rate this answer.","rating":{"stars":4},"rating-metadata":{"type":"groundTruth/custom","job_na)"
    R"(me":"rating-job","human-annotated":"yes","creation_date":"2024-03-05T10:11:12.131000","worker-response-re)"
    R"(f":"s3://acme/out/0.json"}})",
    // stream
    R"({"source-ref":"s3://acme/new/1.jpg","dataset-objectid-attribute-name":"shot","shot":"x-1","animal":1,"ani)"
    R"(mal-metadata":{"class-name":"goat","confidence":0.0,"type":"groundtruth/image-classification","job-name":)"
    R"("labeling-job/animal","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415"}})",
    // sequence
    (R"({"seq-no":1,"prefix":"s3://acme/dock/clip3/","number-of-frames":2,"frames":[{"frame-no":1,"unix-timestamp)"
     R"(":1700000001,"frame":"f0001.jpg"},{"frame-no":2,"unix-timestamp":1700000002,"frame":"f0002.jpg"}]})"),
};

}  // namespace gtlabel_test
