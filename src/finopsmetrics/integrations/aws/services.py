"""FOCUS service categories of AWS product codes; a code that is not listed is `Other`."""

_BY_CATEGORY = {
    "AI and Machine Learning": (
        "AmazonSageMaker AmazonBedrock AmazonRekognition AmazonPolly AmazonLex AmazonTextract comprehend translate transcribe"
    ),
    "Analytics": (
        "AmazonAthena AWSGlue AmazonKinesis AmazonKinesisFirehose AmazonRedshift AmazonES AmazonQuickSight ElasticMapReduce "
        "AmazonMSK"
    ),
    "Business Applications": "AmazonConnect AmazonWorkMail AmazonChime AmazonSES",
    "Compute": "AmazonEC2 AWSLambda AmazonECS AmazonEKS AmazonLightsail AWSElasticBeanstalk AWSBatch AWSAppRunner AmazonECR",
    "Databases": "AmazonRDS AmazonDynamoDB AmazonElastiCache AmazonNeptune AmazonDocDB AmazonMemoryDB AmazonTimestream AmazonMCS",
    "Developer Tools": "CodeBuild AWSCodePipeline AWSCodeCommit AWSCodeArtifact AWSXRay AmazonCodeGuru",
    "Identity": "AmazonCognito AWSDirectoryService AWSIAMAccessAnalyzer",
    "Integration": "AmazonSNS AWSQueueService AmazonStates AWSEvents AmazonMQ AmazonApiGateway AWSAppSync",
    "Internet of Things": "AWSIoT AWSGreengrass AWSIoTAnalytics",
    "Management and Governance": (
        "AmazonCloudWatch AWSCloudTrail AWSConfig AWSSystemsManager AWSCloudFormation AWSSupportBusiness AWSSupportEnterprise "
        "AWSSupportDeveloper AWSServiceCatalog AWSCostExplorer"
    ),
    "Media": "AWSElementalMediaConvert AWSElementalMediaLive AWSElementalMediaPackage AmazonIVS",
    "Migration": "AWSDatabaseMigrationSvc AWSDataSync AWSTransfer AWSMigrationHub",
    "Networking": "AmazonVPC AmazonCloudFront AmazonRoute53 AWSELB AWSDataTransfer AWSDirectConnect AWSGlobalAccelerator AWSVPN",
    "Security": (
        "awskms AWSSecretsManager AmazonGuardDuty AmazonInspector awswaf AWSShield AmazonMacie AWSSecurityHub AmazonDetective"
    ),
    "Storage": "AmazonS3 AmazonEFS AmazonFSx AmazonGlacier AWSBackup AWSStorageGateway AmazonS3GlacierDeepArchive",
}
CATEGORIES = {code: category for category, codes in _BY_CATEGORY.items() for code in codes.split()}
